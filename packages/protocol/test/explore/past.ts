import type { Side } from './side.ts'

/** What has been spent of the harm that may come, and what earlier sessions of the server have left behind. */
export interface Past {
  readonly losses: number
  readonly takeovers: number
  readonly waits: number
  readonly silences: number
  readonly stalls: number
  /** Sides whose link is busy, as bits: 1 for the client's, 2 for the server's. */
  readonly busy: number
  /** How many of the client's messages arrived in sessions that the server has forgotten. */
  readonly arrived: number
  /** Which of them were handled there, as bits. */
  readonly finished: number
  /** True once the server has said, after a long time, that it does not know the session. */
  readonly refused: boolean
}

export const nothingYet: Past = {
  losses: 0,
  takeovers: 0,
  waits: 0,
  silences: 0,
  stalls: 0,
  busy: 0,
  arrived: 0,
  finished: 0,
  refused: false,
}

/** The server begins a session anew: what the one before has done is not undone by that. */
export function withSession(past: Past, before: Side): Past {
  let { finished } = past
  before.given.forEach((given, i) => {
    if (given.finished) finished |= 1 << i
  })
  return { ...past, arrived: Math.max(past.arrived, before.given.length), finished }
}
