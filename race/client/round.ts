import type { RoundOutcome } from '../outcome.ts'
import type { Plan } from '../plan.ts'

/** What one round asks of a client, whichever stack it is written with. */
export interface Round {
  plan: Plan
  port: number
  /** The certificate to trust. */
  ca: string
  /** When a round without an answer is lost, in ms. */
  deadlineMs: number
}

/** How a round goes together with those that run beside it. */
export interface Together {
  /** To be awaited when the connection is there and before the request is sent. */
  connected(): Promise<void>
  /** To be called when the request, and what comes behind it, was handed over. */
  asked(): void
}

/** Plays one round to its end. */
export type PlayRound = (round: Round, together: Together) => Promise<RoundOutcome>
