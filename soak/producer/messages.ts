import type { Side } from '../part.ts'

export const ways = ['ready', 'streams'] as const
export type Way = (typeof ways)[number]

/** What goes through the session, and how. */
export interface Load {
  /** Who produces; the other side has the slow handler. */
  producer: Side
  /** `ready`: `send` when `session.ready` has resolved, and a handler. `streams`: `session.writable` and `session.readable`. */
  way: Way
  bytes: number
}

/** To either process: begin. The client is told where the server listens, the server with which certificate. */
export type ToEnd =
  | { type: 'serve'; key: string; cert: string; load: Load }
  | { type: 'connect'; port: number; ca: string; load: Load }

export type FromEnd =
  | { type: 'listening'; port: number }
  /** Bytes handled so far: of the side that handles. */
  | { type: 'handled'; bytes: number }
  | { type: 'finished'; told: Told }
  | { type: 'failed'; message: string }

/** What one side has to say at the end. */
export interface Told {
  /** Largest resident size of the process, in bytes. */
  peakBytes: number
  /** Of the producer: messages sent, and how often it had to wait for room. */
  sent: number
  waits: number
  /** Of the other side: messages handled, each in its place and as it was sent. */
  handled: number
}
