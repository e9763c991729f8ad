import type { DecodedFrame, Envelope, Frame } from '../envelope.ts'
import { depthMax, envelopesPerFrameMax, headerBytesMax } from './bounds.ts'
import { envelopeUnknown, frameMalformed, frameTooDeep } from './close-codes.ts'

/**
 * Reads one frame of a server. It takes every frame that `decodeFrame` takes, and refuses what is no JSON, no envelope
 * of version 1, or has a field of the wrong type: all that a client could stumble over. How long strings are and how
 * large numbers are is left to the length of the frame: those bounds protect servers from strangers.
 *
 * @throws the close code to end the link with, and nothing else
 */
export function readFrame(frame: Frame): DecodedFrame {
  try {
    if (typeof frame === 'string') return { envelopes: checked(JSON.parse(frame)), payload: undefined }
    if (frame.length < 4) throw frameMalformed
    const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
    const header = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      frame.subarray(4, length + 4),
    )
    // What lies in a shared read buffer would keep all of that alive.
    const payload = frame.slice(length + 4)
    if (length > headerBytesMax || length + 4 > frame.length) throw frameMalformed
    return { envelopes: checked([JSON.parse(header)]), payload }
  } catch (error) {
    throw typeof error === 'number' ? error : error instanceof RangeError ? frameTooDeep : frameMalformed
  }
}

/** Throws for what is no list of envelopes. */
function checked(envelopes: Fields[]): Envelope[] {
  if (!Array.isArray(envelopes) || !envelopes[0] || envelopes.length > envelopesPerFrameMax)
    throw frameMalformed
  for (const envelope of envelopes) {
    const { t } = envelope
    const shape = shapes.get(t)
    if (shape === undefined && typeof t === 'string') throw envelopeUnknown
    if (!fits(envelope, shape as string)) throw frameMalformed
  }
  return envelopes as unknown as Envelope[]
}

/** False for a value that has a key `__proto__` anywhere. Throws for one that is nested deeper than `room`. */
function checkDepth(value: unknown, room: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (room === 0) throw frameTooDeep
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && checkDepth(item, room - 1))
}

/** True if an object has the fields that a shape names, each of its type: `n` a whole number, `s` a string, `i` an id, `d` a payload, `b` a boolean, `o` an object. */
function fits(fields: Fields, shape: string): boolean {
  return shape.split(' ').every((field) => {
    const [name, type] = field.split(/[:?]/) as [string, string]
    const value = fields[name]
    if (value === undefined) return field.includes('?')
    if (type === 'd') return checkDepth(value, depthMax)
    if (type === 'n') return Number.isSafeInteger(value) && (value as number) >= 0
    // An id goes into envelopes of this side as it stands.
    if (type === 'i') return typeof value === 'string' && /^[\w.:~-]{1,64}$/.test(value)
    return value !== null && (typeof value)[0] === type
  })
}

type Fields = Readonly<Record<string, unknown>>

/** The fields of each kind, a question mark behind those that may be missing. */
const shapes: ReadonlyMap<unknown, string> = new Map([
  ['hello', 't:s'],
  ['welcome', 'sid:s resumed:b got:n window:o ttl:n keepalive:n maxBytes:n'],
  ['msg', 'seq:n id:i d?d ch?s re?i ask?b again?b err?o meta?o'],
  ['ack', 'n:n also?o'],
  ['fin', 'seq:n code?n reason?s'],
  ['cancel', 're:i'],
  ['note', 'd?d ch?s'],
  ['ping', 'k:n'],
  ['pong', 'k:n'],
  ['away', 'after:n reason?s location?s'],
  ['reset', 'code:s reason?s got?n'],
])
