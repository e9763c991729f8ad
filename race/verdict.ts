import { type Cell, type Condition, cellName, type Way } from './matrix.ts'
import type { Tally } from './outcome.ts'
import type { StackId } from './stacks.ts'

/** What was counted in one cell, by stack. A stack that does not play there, or has not yet, is absent. */
export interface CellResult {
  cell: Cell
  tallies: Partial<Record<StackId, Tally>>
}

const breakingConditions: ReadonlySet<Condition> = new Set([
  'reset-before',
  'reset-mid',
  'reset-after',
  'truncate',
  // The server has ended its own socket under ws. A Ping, like the close frame of a bare close(), is then a write behind
  // the end, at which Node destroys the socket with whatever had not left.
  'half-close-server',
])
const breakingWays: ReadonlySet<Way> = new Set(['kill'])

/**
 * True if the network itself delivers in this cell, so that a plain client behind `closeAfterPong` must not lose anything:
 * nothing is reset or truncated on the way, nobody is killed, and the server has not ended its socket by itself.
 */
export function networkDelivers({ way, condition }: Cell): boolean {
  return !breakingConditions.has(condition) && !breakingWays.has(way)
}

/** One sentence for each promise that was not kept. */
export function brokenPromises(
  results: readonly CellResult[],
): { cell: Cell; stack: StackId; what: string }[] {
  return results.flatMap(({ cell, tallies }) => {
    const { lastword, pong } = tallies
    const broken: { cell: Cell; stack: StackId; what: string }[] = []
    if (lastword !== undefined) {
      const { rounds, lost, falseReports, failure } = lastword
      const tell = (what: string) => broken.push({ cell, stack: 'lastword', what })
      if (lost > 0) tell(`${cellName(cell)}: lastword lost ${lost} of ${rounds} answers`)
      if (falseReports > 0) tell(`${cellName(cell)}: lastword reported ${falseReports} times what is not so`)
      if (failure !== undefined) tell(`${cellName(cell)}: given up after ${rounds} rounds: ${failure}`)
    }
    if (pong !== undefined && networkDelivers(cell)) {
      const { rounds, lost, failure } = pong
      const tell = (what: string) => broken.push({ cell, stack: 'pong', what })
      if (lost > 0)
        tell(`${cellName(cell)}: a plain client behind closeAfterPong lost ${lost} of ${rounds} answers`)
      if (failure !== undefined) tell(`${cellName(cell)}: given up after ${rounds} rounds: ${failure}`)
    }
    return broken
  })
}

/** How to play just that cell again. */
export function replayOf(cell: Cell, rounds: number): string {
  return `npm run race -- --only ${cellName(cell)} --n ${rounds}`
}
