import { createCutPlayer } from './cut/player.ts'
import { followLanes } from './lanes.ts'

followLanes(createCutPlayer(), 4)
