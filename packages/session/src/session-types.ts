import type { AnyContract, CloseReport, LastwordError } from '@lastword/protocol'
import type { IncomingMessage } from './incoming-message.ts'
import type { TraceEvent, TraceOptions } from './trace.ts'

/**
 * - `'connecting'`: no server has welcomed the session yet.
 * - `'open'`: attached to a link.
 * - `'recovering'`: the link is lost, another one is being made (client) or waited for (server).
 * - `'closing'`: one side has said that it will send no more.
 * - `'closed'`: over; `closed` has resolved with the report.
 */
export type SessionState = 'connecting' | 'open' | 'recovering' | 'closing' | 'closed'

/** What `on` and `off` take. */
export interface SessionEvents {
  /** A link is being made: the first one, or one to resume on. `attempt` counts from 1 since the last success. */
  connecting: { attempt: number }
  /** The session is attached for the first time. */
  open: undefined
  /** The link is lost; nothing that was sent is. */
  recovering: { code: number; reason: string }
  /**
   * The session goes on over another link, and that is certain: something has gone there and been answered.
   * `downMs`: how long that took, from the loss on.
   */
  recovered: { downMs: number }
  /**
   * Client: the server will end this link in `afterMs` ms, and asks to come back on another one, at `location` if it
   * names one. The SDK does so by itself: it moves before it leaves.
   */
  away: { afterMs: number; reason: string | undefined; location: string | undefined }
  /** A link could not be made, or one side broke the protocol on it. The session goes on unless `closed` follows. */
  disconnected: LastwordError
  /** The peer will send no more. Without `halfOpen` the session closes itself once everything received is handled. */
  closing: { code: number | undefined; reason: string | undefined }
  /**
   * The session is over because it was without a link for too long, or the other side has lost it: `report` says what
   * became of the messages. `closed` follows.
   */
  lost: CloseReport
  /** The session is over, however it ended. */
  closed: CloseReport
  /** Something failed here that no promise tells: a handler that threw on a message, a payload that does not fit the contract. */
  error: LastwordError
  /**
   * Something that was asked for cannot be had, and the session goes on without it. A `JournalError`: the journal cannot
   * be opened, or has failed, and with `onJournalFailure: 'go-on'` nothing of the session outlives this page or process.
   */
  warning: LastwordError
  /** A message came for which nothing listens. It is kept, unacknowledged, until something does. Told once for each. */
  unhandled: IncomingMessage
}

/** Options that a session takes on either side. */
export interface SessionOptions<C = AnyContract> {
  /** The messages of this conversation, made with `contract()`. Without it any name and any payload is taken. */
  contract?: C
  /** How many handlers may run at once; 1 is strictly sequential. They are always started in order. @default Infinity */
  concurrency?: number
  /**
   * Bytes of messages that may wait here, queued or unacknowledged; what happens past it is `onFull`'s to say. While
   * more than that waits in replies, requests are not given to handlers and loops. @default 16777216 (16 MiB)
   */
  queuedBytesMax?: number
  /**
   * What becomes of a message for which there is no room in `queuedBytesMax`. `'reject'`: `send` and `request` reject
   * with `QueueFullError`. `'wait'`: they wait until there is room, in the order of the calls, as long as they must;
   * their `signal` takes them back. Each call that waits holds its payload, serialised at the call, and nothing bounds
   * how many do: wait for one before you make the next (or for `session.ready`), if there is no end of them.
   * @default 'reject'
   */
  onFull?: 'reject' | 'wait'
  /** True: when the peer has closed, this side goes on sending until it closes itself. @default false */
  halfOpen?: boolean
  /** Hears of every envelope and link. In Node `traceToFile()` makes one that writes to a file. */
  trace?: TraceOptions | ((event: TraceEvent) => void)
}

export interface SendOptions {
  /** The message's id, for applications that bring their own; unique in the session. @default a nanoid of the session and a counter */
  id?: string
  /** Trace context and the like, up to 16 entries with keys and values of up to 512 characters; with a binary payload 16 KiB in all. */
  meta?: Record<string, string>
  /**
   * Marks it as one that may have been handled before, for applications that send again what they sent in a session
   * that was lost: keep the `id`. The receiver sees `message.redelivered`. @default false
   */
  redelivered?: boolean
  /**
   * Stops waiting: what has not left is taken back, what has is rejected with the fate known by then. That is `'received'`
   * too where a request was handled, and only its reply has not come.
   */
  signal?: AbortSignal
}

export interface LeaveOptions {
  /** How long handlers that are running may take to finish, in ms. @default 10000 */
  deadlineMs?: number
}

export interface CloseOptions {
  /** Told to the peer's `closing` event: 1000, or one of the application's own, 3000 to 4999. */
  code?: number
  /** Told to the peer; at most 120 characters. */
  reason?: string
  /** How long both sides may take to finish, in ms; the report then says what was not handled. @default 60000 */
  timeoutMs?: number
  /** Ends the session at once, with a report that is not clean. */
  signal?: AbortSignal
}
