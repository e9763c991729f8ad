import { bytesOf, type Cell, trickleBytesPerSecond } from './matrix.ts'

/** How long a round may take, in ms, on a machine that is busy with other rounds. */
const roundMs = 15_000
/** How many times the answer may have to trickle: a session sends it again on its next connection. */
const tricklesMax = 5

/** When a round that has no answer yet counts as lost, in ms from its beginning. */
export function deadlineOf({ size, condition }: Cell): number {
  const trickleMs = condition === 'trickle' ? (bytesOf[size] / trickleBytesPerSecond) * 1000 : 0
  return roundMs + tricklesMax * trickleMs
}

/** Resolves or rejects with `promise`, or rejects after `ms` with a message that names `what` was waited for. */
export function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}, in vain`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
