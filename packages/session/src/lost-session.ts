import { ArgumentError, type CloseReport, type Fate } from '@lastword/protocol'
import type { Outgoing } from './delivery.ts'
import { coreOf, type Session } from './session.ts'

/** A message that nobody acknowledged before its session was lost. */
export interface LostMessage {
  id: string
  name: string
  /** What was sent: by the contract's schema already, and as JSON or bytes carry it. */
  payload: unknown
  meta?: Record<string, string>
  /** True if a reply was asked for. */
  isRequest: boolean
  /** `'not-sent'`: it was certainly not handled. Else it may have been. */
  fate: Fate
  /** True if it had been marked as one that may have been handled before, already then. */
  redelivered: boolean
}

/** A message that was sent again. */
export interface ResentMessage {
  id: string
  name: string
  isRequest: boolean
  /** As `send()` and `request()` settle: the reply, if one was asked for. */
  outcome: Promise<unknown>
}

/** What `onSessionLost` is given. */
export interface LostSession<C> {
  /** How the session ended; its code is `session-unknown` or `expired`. */
  report: CloseReport
  /**
   * The messages of this side that were not acknowledged, in order; their promises have rejected with their fates. Not
   * among them: what was given up before, replies, and what a schema was still looking at.
   */
  messages: LostMessage[]
  /**
   * Sends them again in another session, in the same order and under the same ids, behind what was sent there before.
   * Those that may have been handled before are marked so: their handlers see `message.redelivered`. They wait for room
   * if they must. Into a session that is over, such as the lost one itself, nothing is sent: each `outcome` rejects. Call it
   * once for each session: what is sent there twice comes twice. That an `outcome` rejects and nobody waits for it ends no process.
   *
   * @throws ArgumentError if that is no session
   */
  resend(session: Session<C>): ResentMessage[]
}

export function lostSession<C>(report: CloseReport, messages: LostMessage[]): LostSession<C> {
  return {
    report,
    messages,
    resend(session) {
      const lane = coreOf(session)?.lane
      if (lane === undefined) {
        throw new ArgumentError('that is no session', 'Pass what connect() returned for the new session.')
      }
      return messages.map((message) => {
        const { id, name, isRequest } = message
        const outcome = lane.resend(message)
        outcome.catch(() => {})
        return { id, name, isRequest, outcome }
      })
    },
  }
}

/** What is known of a message that is lost; `undefined` for a reply, whose request is lost too. */
export function lostMessage({ id, rest, payload }: Outgoing, fate: Fate): LostMessage | undefined {
  const { ch = '', re, ask = false, again = false, meta, d } = JSON.parse(`{"t":0${rest}`)
  if (re !== undefined) return undefined
  return {
    id,
    name: ch,
    payload: payload ?? d,
    ...(meta && { meta }),
    isRequest: ask,
    fate,
    redelivered: again,
  }
}
