import type { AckEnvelope, Envelope, NoteEnvelope, RemoteErrorBody } from './envelope.ts'
import { OutgoingMessage } from './outgoing-message.ts'
import { utf8Length } from './utf8.ts'

/** What a message consists of before it has a sequence number. */
export interface MessageParts {
  /** The payload as JSON text, or that as UTF-8, which is kept; absent when there is none, or when `payload` is there. */
  text?: string | Uint8Array | undefined
  /** How many bytes `text` takes as UTF-8, where whoever made it can tell that faster than by looking at each character. */
  textBytes?: number | undefined
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

/**
 * Serialises a message once: it is kept as text, or as a copy of its payload, so that later changes by the caller
 * change nothing and a replay costs nothing.
 *
 * Its text is never looked at as a whole here. An engine keeps what was put together with `+` as a tree of its pieces
 * until somebody reads a character of it; the frame that it goes into is then copied from the pieces, once. So sizes are
 * added up from the pieces as well: to count the characters of `rest` was a quarter of what sending cost.
 */
export function encodeMessage<Tag>(id: string, parts: MessageParts, tag: Tag): OutgoingMessage<Tag> {
  const { name, text, payload, meta, err } = parts
  const named = nameField(name)
  /** What stands between the name and the payload: mostly nothing. */
  let fields = ''
  // Ids are ASCII.
  let bytes = messageBytes + id.length + named.bytes
  if (parts.re !== undefined) {
    fields += `,"re":"${parts.re}"`
    bytes += ',"re":""'.length + parts.re.length
  }
  if (parts.ask) {
    fields += ',"ask":true'
    bytes += ',"ask":true'.length
  }
  if (parts.again) {
    fields += ',"again":true'
    bytes += ',"again":true'.length
  }
  if (meta !== undefined) {
    const field = `,"meta":${JSON.stringify(meta)}`
    fields += field
    bytes += utf8Length(field)
  }
  if (err !== undefined) {
    const field = `,"err":${JSON.stringify(err)}`
    fields += field
    bytes += utf8Length(field)
  }
  const hasText = text !== undefined
  if (hasText) {
    const textBytes = typeof text === 'string' ? (parts.textBytes ?? utf8Length(text)) : text.byteLength
    bytes += ',"d":'.length + textBytes
  }
  let head = hasText ? named.beforeText : named.text
  if (fields !== '') head = named.text + fields + (hasText ? ',"d":' : '')
  if (payload === undefined) return new OutgoingMessage(id, head, text ?? '', undefined, bytes, tag)
  bytes += headerLengthBytes + payload.byteLength
  // The one copy of the payload stands where its frame will have it, with room in front for the header.
  const own = new Uint8Array(bytes).subarray(bytes - payload.byteLength)
  own.set(payload)
  const message = new OutgoingMessage(id, head, '', own, bytes, tag)
  message.roomInFront = true
  return message
}

/** The envelope of a message under its sequence number, as text; a binary frame's header when it has a payload. */
export function encodeMsg(message: OutgoingMessage<unknown>): string {
  return msgHead + message.seq + message.rest
}

/** The same as far as the text of a message that keeps it as UTF-8; behind that comes a brace. */
export function encodeMsgBeforeText(message: OutgoingMessage<unknown>): string {
  return msgHead + message.seq + message.restBeforeText
}

/** How many digits the sequence number of a message has, by its envelope: no number is written once more to be measured. */
export function seqChars(message: OutgoingMessage<unknown>, envelope: string): number {
  return envelope.length - msgHead.length - message.restChars
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

/** The binary frame of a message that has a payload: around it where there is room, so that nothing is copied. */
export function encodeBinaryMsg(message: OutgoingMessage<unknown>, payload: Uint8Array): Uint8Array {
  const header = encodeMsg(message)
  if (!message.roomInFront) return encodeBinaryFrame(header, payload)
  const shorter = seqCharsMax - seqChars(message, header)
  const headBytes = message.bytes - payload.byteLength - shorter
  const frame = new Uint8Array(payload.buffer, payload.byteOffset - headBytes, message.bytes - shorter)
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, headBytes - headerLengthBytes)
  frame.set(encoder.encode(header), headerLengthBytes)
  return frame
}

/** A binary frame: the header's length in 4 bytes, the header, the payload. */
export function encodeBinaryFrame(header: string, payload: Uint8Array): Uint8Array {
  const head = encoder.encode(header)
  const frame = new Uint8Array(headerLengthBytes + head.length + payload.length)
  new DataView(frame.buffer).setUint32(0, head.length)
  frame.set(head, headerLengthBytes)
  frame.set(payload, headerLengthBytes + head.length)
  return frame
}

const encoder = new TextEncoder()
/** Bytes in front of a binary frame's header: its length, big-endian. */
const headerLengthBytes = 4
/** Digits of the largest sequence number. */
export const seqCharsMax = 16
const msgHead = '{"t":"msg","seq":'
/** What every message takes: counted with the longest `seq`, so that its size does not depend on when it is sent. */
const messageBytes = msgHead.length + seqCharsMax + ',"id":"}'.length

/** What stands behind the id in a message's envelope: its end, and the name; and how many bytes that takes. */
function nameField(name: string | undefined): NameField {
  if (name === undefined) return unnamed
  let field = nameFields.get(name)
  if (field === undefined) {
    const text = `","ch":${JSON.stringify(name)}`
    field = { text, beforeText: `${text},"d":`, bytes: utf8Length(text) }
    // Names that are made up as they are used must not fill the memory.
    if (nameFields.size === nameFieldsMax) nameFields.clear()
    nameFields.set(name, field)
  }
  return field
}

interface NameField {
  text: string
  /** The same, and what stands in front of a payload behind it. */
  beforeText: string
  bytes: number
}

const unnamed: NameField = { text: '"', beforeText: '","d":', bytes: 1 }
/** An application has few names, and uses them again and again. */
const nameFields = /* @__PURE__ */ new Map<string, NameField>()
const nameFieldsMax = 256
