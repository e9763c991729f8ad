import { followLanes } from './lanes.ts'
import { createTakeoverPlayer } from './takeover/player.ts'

followLanes(createTakeoverPlayer(), 3)
