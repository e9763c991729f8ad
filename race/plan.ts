import { type Cell, cellName, cellNamed } from './matrix.ts'
import { type StackId, stacks } from './stacks.ts'

/** What a server has to know of a round. It travels in the address, so that it is known before the first frame. */
export interface Plan {
  cell: Cell
  stack: StackId
  round: number
  batch: number
}

export function addressOf(port: number, { cell, stack, round, batch }: Plan): string {
  const query = new URLSearchParams({
    cell: cellName(cell),
    stack,
    round: String(round),
    batch: String(batch),
  })
  return `${cell.scheme}://127.0.0.1:${port}/?${query}`
}

/** @returns undefined for an address that is no round's: somebody only wants to see a connection open */
export function planOf(path: string): Plan | undefined {
  const query = new URL(path, 'ws://server').searchParams
  const cell = cellNamed(query.get('cell') ?? '')
  const stack = stacks.find((id) => id === query.get('stack'))
  if (cell === undefined || stack === undefined) return undefined
  return { cell, stack, round: Number(query.get('round')), batch: Number(query.get('batch')) }
}
