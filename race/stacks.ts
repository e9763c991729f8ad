import type { Cell } from './matrix.ts'

/** What is compared: the same round over each of these, in the same run. */
export const stacks = ['bare', 'pong', 'lastword'] as const
export type StackId = (typeof stacks)[number]

export const stackNames: Record<StackId, string> = {
  bare: 'bare ws',
  pong: 'closeAfterPong',
  lastword: 'lastword',
}

/** A server may close with `closeAfterPong` only where how it ends is its own, polite choice. */
export function playsIn(stack: StackId, { way }: Cell): boolean {
  return stack !== 'pong' || way === 'close' || way === 'exit' || way === 'timeout'
}

export function stacksOf(cell: Cell): StackId[] {
  return stacks.filter((stack) => playsIn(stack, cell))
}
