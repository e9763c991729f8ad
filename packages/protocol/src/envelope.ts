import type { ResetCode } from './codes.ts'

/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** How much a side lets stand unacknowledged towards it. */
export interface Window {
  /** Sequenced messages. `fin` passes a full window. */
  messages: number
  /** Bytes of their encoded envelopes. */
  bytes: number
}

/** An inclusive range of sequence numbers. */
export type SeqRange = [from: number, to: number]

/** First on every link, from the client. Creates a session, finds it, or resumes it. */
export interface HelloEnvelope {
  t: 'hello'
  v: number
  /** The session's id. */
  sid: string
  /** The session's secret. */
  key: string
  /** Which link of the session this is, counted from 1 by the client. A lower or equal one never takes over. */
  link: number
  /** True until a `welcome` has been seen for this `sid`. */
  fresh: boolean
  /** The highest `seq` received so far; 0 for none. */
  got: number
  window: Window
  /** The largest sequenced envelope that this side takes, in bytes. */
  maxBytes?: number
  /** What the server's `authenticate` wants to see. */
  auth?: Json
  /** Which client this is, for logs. */
  agent?: string
  /** True: the client has said `fin`, on this link or before, and will not come back. */
  gone?: boolean
}

/** The session is attached to this link. */
export interface WelcomeEnvelope {
  t: 'welcome'
  sid: string
  /** True if the session existed before this `hello`. */
  resumed: boolean
  got: number
  window: Window
  /** How long the server keeps the session without a link, in ms. */
  ttl: number
  /** After how many ms of silence either side pings. */
  keepalive: number
  maxBytes: number
}

export interface RemoteErrorBody {
  code: string
  message: string
}

/** A sequenced message: retained until it is acknowledged, replayed on a new link, dropped if received before. */
export interface MsgEnvelope {
  t: 'msg'
  seq: number
  id: string
  /** The payload. Absent in a binary frame, where the bytes behind the header are the payload. */
  d?: Json
  /** The message's name in the contract. */
  ch?: string
  /** The `id` of the request that this answers. */
  re?: string
  /** True: a reply is expected. */
  ask?: boolean
  /** True: it may have been handled before, in a session whose state was lost. */
  again?: boolean
  /** In place of `d`, when a request failed. */
  err?: RemoteErrorBody
  /** Trace context and the like. */
  meta?: Record<string, string>
}

/** Every sequenced envelope up to `n` is handled, and so are the ranges above it. */
export interface AckEnvelope {
  t: 'ack'
  n: number
  also?: SeqRange[]
}

/** Sequenced: nothing follows it in this direction. */
export interface FinEnvelope {
  t: 'fin'
  seq: number
  code?: number
  reason?: string
}

/** The asker no longer wants the reply to `re`. Advisory. */
export interface CancelEnvelope {
  t: 'cancel'
  re: string
}

/** Volatile: not sequenced, not acknowledged, dropped when there is no link or no room. */
export interface NoteEnvelope {
  t: 'note'
  d?: Json
  ch?: string
}

export interface PingEnvelope {
  t: 'ping'
  k: number
}

export interface PongEnvelope {
  t: 'pong'
  k: number
}

/** This link will go: resume on another one within `after` ms. */
export interface AwayEnvelope {
  t: 'away'
  after: number
  reason?: string
  /** Where to go: a URL, absolute or relative to the one of this link. */
  location?: string
}

/** The session is over, and not clean. */
export interface ResetEnvelope {
  t: 'reset'
  /** One of the reset codes; a receiver takes one that it does not know as `internal`. */
  code: ResetCode | (string & {})
  reason?: string
  /** The highest `seq` received, where the side that ends the session has it: it settles the fates of what is in flight. */
  got?: number
}

/** One protocol unit. */
export type Envelope =
  | HelloEnvelope
  | WelcomeEnvelope
  | MsgEnvelope
  | AckEnvelope
  | FinEnvelope
  | CancelEnvelope
  | NoteEnvelope
  | PingEnvelope
  | PongEnvelope
  | AwayEnvelope
  | ResetEnvelope

/** The values of `t`, in the order of the table in `PROTOCOL.md`. */
export const envelopeKinds = [
  'hello',
  'welcome',
  'msg',
  'ack',
  'fin',
  'cancel',
  'note',
  'ping',
  'pong',
  'away',
  'reset',
] as const

export type EnvelopeKind = (typeof envelopeKinds)[number]

/** What a link carries in one piece: text is a JSON array of envelopes, bytes are one envelope with its payload. */
export type Frame = string | Uint8Array

/** A text frame on its way out that carries a long text, which is UTF-8 already and need not be made one more string. */
export interface FrameInPieces {
  readonly before: string
  readonly text: Uint8Array
  readonly after: string
}

/** What a frame held. `payload` is there only for a binary frame, and belongs to its one envelope. */
export interface DecodedFrame {
  envelopes: Envelope[]
  payload: Uint8Array | undefined
}
