import type { ResetCode } from './codes.ts'

/** How a session ended, and what became of every message whose fate had not been told when this side began to close. */
export interface CloseReport {
  /** True only if both sides have handled everything that the other sent before it closed. Never a guess. */
  clean: boolean
  /** `'finished'` when clean, else why it ended. */
  code: 'finished' | ResetCode
  reason: string
  /** Who ended it: the peer by its reset, or this side. `'both'` when clean. */
  by: 'both' | 'local' | 'peer'
  /** Messages of this side that the peer has handled, since the session began. */
  handledTotal: number
  /** Ids of those that were acknowledged after this side had begun to close. */
  handled: string[]
  /** Ids of those that the peer's session has, and whose handlers are not known to have finished. */
  received: string[]
  /** Ids of those that left, of which nothing more is known. */
  unknown: string[]
  /** Ids of those that never left. */
  notSent: string[]
  /** The other direction. */
  incoming: {
    /** Messages of the peer that were handled here, since the session began. */
    handledTotal: number
    /** Ids of those that were received and not handled. */
    unhandled: string[]
  }
}
