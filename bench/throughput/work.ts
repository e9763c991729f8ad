export { nowMs } from '../harness/now.ts'

/** What each message of a workload carries. */
export type PayloadName = '64B' | '64B-binary' | '1KiB' | '64KiB-text' | '64KiB-binary'

/** What a sender is to do. */
export interface Work {
  readonly payload: PayloadName
  readonly count: number
  /** How many messages may be on their way at once. */
  readonly outstanding: number
}

/** When a sender began, and when it knew that everything had arrived, or, without acknowledgements, had left; in ms. */
export interface Sent {
  readonly startedMs: number
  readonly endedMs: number
}

/** What a receiver found in what it was given. */
export interface Received {
  readonly count: number
  /** The sum of the numbers that stood in the messages: proof that each was read, and each once. */
  readonly sum: number
  readonly lastMs: number
}

/** The number of the first message: with as many digits as that of the last, so that all messages have one size. */
export const firstNumber = 1_000_000
/** No sample sends more than this. */
export const countMax = 8_000_000

export function sumOf(count: number): number {
  return count * firstNumber + (count * (count - 1)) / 2
}
