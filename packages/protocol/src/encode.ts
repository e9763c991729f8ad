import type { AckEnvelope, Envelope, NoteEnvelope, RemoteErrorBody } from './envelope.ts'
import { OutgoingMessage } from './outgoing-message.ts'
import { utf8Length } from './utf8.ts'

/** What a message consists of before it has a sequence number. */
export interface MessageParts {
  /** The payload as JSON text; absent when there is none, or when `payload` is there. */
  text?: string | undefined
  /** A binary payload; the message then travels in a binary frame. */
  payload?: Uint8Array | undefined
  name?: string | undefined
  /** The `id` of the request that this answers. */
  re?: string | undefined
  ask?: boolean | undefined
  /** It may have been handled before, in another session. */
  again?: boolean | undefined
  err?: RemoteErrorBody | undefined
  meta?: Record<string, string> | undefined
}

/** Serialises a message once: it is kept as text, so that later changes by the caller change nothing and a replay costs nothing. */
export function encodeMessage<Tag>(id: string, parts: MessageParts, tag: Tag): OutgoingMessage<Tag> {
  let rest = `,"id":"${id}"`
  if (parts.name !== undefined) rest += `,"ch":${JSON.stringify(parts.name)}`
  if (parts.re !== undefined) rest += `,"re":"${parts.re}"`
  if (parts.ask) rest += ',"ask":true'
  if (parts.again) rest += ',"again":true'
  if (parts.meta !== undefined) rest += `,"meta":${JSON.stringify(parts.meta)}`
  if (parts.err !== undefined) rest += `,"err":${JSON.stringify(parts.err)}`
  if (parts.text !== undefined) rest += `,"d":${parts.text}`
  rest += '}'
  // Counted with the longest `seq`, so that a message's size does not depend on when it is sent.
  const bytes =
    msgHead.length + seqCharsMax + utf8Length(rest) + (parts.payload ? 4 + parts.payload.byteLength : 0)
  return new OutgoingMessage(id, rest, parts.payload, bytes, tag)
}

/** The envelope of a message under its sequence number, as text; a binary frame's header when it has a payload. */
export function encodeMsg(message: OutgoingMessage<unknown>): string {
  return msgHead + message.seq + message.rest
}

export function encodeAck(ack: AckEnvelope): string {
  return ack.also === undefined ? `{"t":"ack","n":${ack.n}}` : JSON.stringify(ack)
}

/** Envelopes that are seldom sent. */
export function encodeEnvelope(envelope: Exclude<Envelope, { t: 'msg' } | AckEnvelope>): string {
  return JSON.stringify(envelope)
}

/** A note's envelope from its payload's JSON text. */
export function encodeNote(name: string | undefined, text: string | undefined): string {
  const head: NoteEnvelope = name === undefined ? { t: 'note' } : { t: 'note', ch: name }
  const envelope = JSON.stringify(head)
  return text === undefined ? envelope : `${envelope.slice(0, -1)},"d":${text}}`
}

/** A binary frame: the header's length in 4 bytes, the header, the payload. */
export function encodeBinaryFrame(header: string, payload: Uint8Array): Uint8Array {
  const head = encoder.encode(header)
  const frame = new Uint8Array(4 + head.length + payload.length)
  new DataView(frame.buffer).setUint32(0, head.length)
  frame.set(head, 4)
  frame.set(payload, 4 + head.length)
  return frame
}

const encoder = new TextEncoder()
/** Digits of the largest sequence number. */
export const seqCharsMax = 16
const msgHead = '{"t":"msg","seq":'
