import { certificate } from '@lastword/testkit'
import { Lane } from './lane.ts'
import type { RaceOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { Servers } from './servers.ts'
import { stacksOf } from './stacks.ts'
import type { CellResult } from './verdict.ts'

/**
 * Plays all cells that were asked for, a few at once. The stacks of a cell are played one after the other, in the same
 * lane. Stops early, with what there is by then, when `signal` is aborted.
 */
export async function runLab(
  { cells, rounds, lanes }: RaceOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<CellResult[]> {
  const pem = await certificate()
  const servers = new Servers(pem)
  const running = Array.from({ length: Math.min(lanes, cells.length) }, () => new Lane(servers, pem.cert))
  const results: CellResult[] = []
  const waiting = cells.entries()
  // An interrupt ends the children at once; what their rounds say after that is not asked.
  const endAll = () => Promise.all([...running.map((lane) => lane.end()), servers.end()])
  const onAbort = () => void endAll()
  signal.addEventListener('abort', onAbort)
  try {
    await Promise.all(
      running.map(async (lane) => {
        for (const [index, cell] of waiting) {
          if (signal.aborted) return
          const result: CellResult = { cell, tallies: {} }
          results[index] = result
          for (const stack of stacksOf(cell)) {
            if (signal.aborted) return
            const tally = await lane.play(cell, stack, rounds, () => progress.round(cell), signal)
            if (tally.rounds > 0 || tally.failure !== undefined) result.tallies[stack] = tally
          }
          progress.cell(result)
        }
      }),
    )
  } finally {
    signal.removeEventListener('abort', onAbort)
    await endAll()
  }
  // A lane that was interrupted leaves gaps.
  return results.filter((result) => result !== undefined)
}
