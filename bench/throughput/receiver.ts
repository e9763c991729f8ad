import { numberIn } from './payload.ts'
import { nowMs, type Received } from './work.ts'

let expected = 0
let count = 0
let sum = 0
let lastMs = 0
let whole = () => {}

/** Called for each message that has arrived, parsed. */
export function take(message: unknown): void {
  sum += numberIn(message)
  count += 1
  if (count === expected) {
    lastMs = nowMs()
    whole()
  }
}

/** The commands that every receiver has. */
export const receiving = {
  /** Counts from nothing again. */
  expect(messages: number): void {
    expected = messages
    count = 0
    sum = 0
    whole = () => {}
  },
  /** Resolves when all messages that are expected are here. */
  async all(): Promise<Received> {
    if (count < expected) await new Promise<void>((resolve) => (whole = resolve))
    return { count, sum, lastMs }
  },
  /** How many are here so far: for the message about those that are not. */
  sofar: () => count,
}
