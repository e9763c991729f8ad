import { type ClientMessage, readFrame, utf8 } from '@lastword/protocol/client'
import { ArgumentError } from './errors.ts'

/** What may be wrong in an envelope that goes out. */
interface Fields {
  t?: string
  seq?: number
  id?: string
  ch?: string
  re?: string
  ask?: boolean
  again?: boolean | undefined
  meta?: Record<string, string> | undefined
  err?: object
}

/** A message, serialised once: what the caller changes later changes nothing. @throws ArgumentError */
export function encode<Tag>(fields: Fields & { id: string }, value: unknown, tag: Tag): ClientMessage<Tag> {
  // An ArrayBuffer, or a view of one.
  const { buffer = value, byteOffset, byteLength } = (ArrayBuffer.isView(value) && value) as DataView
  const payload =
    buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength).slice() : undefined
  const rest = `,${envelopeText({ t: 'msg', seq: 1, ...fields }, payload ? undefined : value).slice(headChars)}`
  // Counted with the longest sequence number.
  const bytes = headBytes + utf8(rest).length
  if (payload && bytes > headerBytesMax) throw new ArgumentError('meta is too large')
  return { id: fields.id, rest, payload, bytes: bytes + (payload ? 4 + payload.length : 0), tag, seq: 0 }
}

/**
 * An envelope as text. It is read as the server will read it: a bad name, id or meta, or a payload that is nested too
 * deeply, would have each link refused that it is sent on.
 *
 * @throws ArgumentError
 */
export function envelopeText(fields: Fields, value: unknown): string {
  try {
    const { ch = 'c', meta = {} } = fields
    const text = JSON.stringify({ ...fields, d: value })
    const { d } = readFrame(`[${text}]`).envelopes[0] as { d?: unknown }
    const entries = Object.entries(meta)
    if (
      ch &&
      ch.length < 129 &&
      !entries[16] &&
      entries.every(
        ([key, text]) => key && key.length < 513 && typeof text === 'string' && text.length < 513,
      ) &&
      (value === undefined) === (d === undefined)
    ) {
      return text
    }
    throw 0
  } catch (cause) {
    throw new ArgumentError('a name, id, meta or payload that cannot be sent', { cause })
  }
}

/** `{"t":"msg","seq":1,` */
const headChars = 19
/** `{"t":"msg","seq":9007199254740991` */
const headBytes = 33
const headerBytesMax = 16 * 1024
