import { setTimeout as pause } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

/** What a process holds when it is at rest. */
export interface Memory {
  readonly residentBytes: number
  /** Objects, and what they hold outside the heap. */
  readonly heapBytes: number
  /** What the engine has set aside for new objects: as much as was once needed, and nothing of it in use. */
  readonly youngBytes: number
}

const collections = 4
/** Between two collections, in ms: what a connection leaves behind goes in the turns after its end. */
const settleMs = 50

/** Collects the garbage until there is none, and looks. The process must have been started with `--expose-gc`. */
export async function memoryAtRest(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('this process was started without --expose-gc')
  for (let round = 0; round < collections; round++) {
    await pause(settleMs)
    gc()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return {
    residentBytes: rss,
    heapBytes: heapUsed + external,
    youngBytes: young?.physical_space_size ?? 0,
  }
}
