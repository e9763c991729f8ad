import type { ResetCode } from './codes.ts'
import type { SeqRange } from './envelope.ts'

/**
 * What a side keeps so that its session outlives the process, as the machine sees it: plain values, no I/O. A machine
 * that is made with `journaled: true` says after each input what has changed (`takeJournalWrite()`), and holds back
 * what depends on it until a `journaled` input says that the write would survive:
 *
 * - a message, or `fin`, leaves only after the journal holds it;
 * - an acknowledgement leaves only after the journal holds that the message is handled;
 * - `hello` and `welcome` leave only after the journal holds the number of their link.
 *
 * Writes are given out one at a time, in order; each is to be carried out whole or not at all.
 */
export interface JournalWrite {
  /** Counts the writes of one machine, from 1; named again by the `journaled` input. */
  readonly number: number
  /** Messages that have been accepted. */
  readonly add: readonly JournaledMessage[]
  /** Orders of messages that are settled: acknowledged, or taken back before they left. */
  readonly remove: readonly number[]
  /** Takes the place of the state before. */
  readonly state: JournalState
}

/** A message that is not settled. */
export interface JournaledMessage {
  /** Rises with each message that a session accepts, over all restarts. It is no sequence number: those follow from the order. */
  readonly order: number
  readonly id: string
  /** The envelope's text from behind the sequence number. */
  readonly rest: string
  readonly payload?: Uint8Array | undefined
  /** Size of the encoded envelope. */
  readonly bytes: number
}

/** Everything else that a session needs to go on, as one JSON value. */
export interface JournalState {
  readonly v: 1
  /** Counts the client's links, as `hello.link` does. */
  readonly links: number
  /** True once a `welcome` has been received (client) or a `hello` accepted (server). */
  readonly welcomed: boolean
  /** Server: the client has said on its latest link that it will not come back. */
  readonly gone?: true
  readonly out: {
    /** Every sequenced envelope of this side up to this one is acknowledged, and the ranges above it. */
    readonly acked: number
    readonly also?: readonly SeqRange[]
    /** `seq` is 0 until it has been transmitted. */
    readonly fin?: { readonly seq: number; readonly code?: number; readonly reason?: string }
    readonly handledTotal: number
  }
  readonly in: {
    /** The highest sequence number received: whatever up to here is not handled may have been begun. */
    readonly got: number
    /** Every sequenced envelope of the peer up to this one is handled, and the ranges above it. */
    readonly handled: number
    readonly also?: readonly SeqRange[]
    readonly fin?: { readonly seq: number; readonly code?: number; readonly reason?: string }
    readonly handledTotal: number
  }
  /** Once the session is over. */
  readonly ended?: {
    readonly code: 'finished' | ResetCode
    readonly reason: string
    readonly by: 'both' | 'local' | 'peer'
  }
}

/** What a machine is restored from: the last state written, and every message added and not removed, by rising order. */
export interface JournalSnapshot {
  readonly state: JournalState
  readonly messages: readonly JournaledMessage[]
}
