import type { DecodedFrame, Envelope, Frame } from '../envelope.ts'
import { depthMax, envelopesPerFrameMax, headerBytesMax } from './bounds.ts'
import { Fault, fault } from './fault.ts'

/**
 * Reads one frame of a server. It takes every frame that `decodeFrame` takes, and refuses what is no JSON, no envelope
 * of version 1, or has a field of the wrong type: all that a client could stumble over. How long strings are and how
 * large numbers are is left to the length of the frame: those bounds protect servers from strangers.
 *
 * @throws Fault and nothing else
 */
export function readFrame(frame: Frame): DecodedFrame {
  try {
    if (typeof frame === 'string') return { envelopes: checked(JSON.parse(frame)), payload: undefined }
    if (frame.length < 4) throw fault('frameMalformed')
    const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
    const header = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      frame.subarray(4, length + 4),
    )
    // What lies in a shared read buffer would keep all of that alive.
    const payload = frame.slice(length + 4)
    if (length > headerBytesMax || length + 4 > frame.length) throw fault('frameMalformed')
    return { envelopes: checked([JSON.parse(header)], true), payload }
  } catch (error) {
    throw error instanceof Fault
      ? error
      : fault(error instanceof RangeError ? 'frameTooDeep' : 'frameMalformed')
  }
}

/** Throws for what is no list of envelopes. `binary`: the one envelope in front of a payload. */
function checked(envelopes: Fields[], binary = false): Envelope[] {
  if (!Array.isArray(envelopes) || !envelopes[0] || envelopes.length > envelopesPerFrameMax)
    throw fault('frameMalformed')
  for (const envelope of envelopes) {
    const { t, d, err } = envelope
    const shape = shapes.get(t)
    if (typeof t === 'string' && shape === undefined) throw fault('envelopeUnknown')
    checkDepth(envelope, depthMax + 1)
    const sound = fits(envelope, shape as string) && !(err && (d !== undefined || !envelope.re))
    if (!sound || (binary && ((t !== 'msg' && t !== 'note') || d !== undefined || err)))
      throw fault('frameMalformed')
  }
  return envelopes as unknown as Envelope[]
}

/** Throws for a value that is nested deeper than `room`, or has a key `__proto__` anywhere. */
function checkDepth(value: unknown, room: number): void {
  if (typeof value !== 'object' || value === null) return
  if (room === 0) throw fault('frameTooDeep')
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw fault('frameMalformed')
    checkDepth(item, room - 1)
  }
}

/** True if an object has the fields that a shape names, each of its type: `n` a whole number, `s` a string, `b` a boolean, `o` an object. */
function fits(fields: Fields, shape: string): boolean {
  return shape.split(' ').every((field) => {
    const [name, type] = field.split(/[:?]/) as [string, string]
    const value = fields[name]
    if (value === undefined) return field.includes('?')
    if (type === 'n') return Number.isSafeInteger(value) && (value as number) >= 0
    return (value === null ? '' : typeof value)[0] === type
  })
}

type Fields = Readonly<Record<string, unknown>>

/** The fields of each kind, a question mark behind those that may be missing. */
const shapes: ReadonlyMap<unknown, string> = new Map([
  ['hello', 't:s'],
  ['welcome', 'sid:s resumed:b got:n window:o ttl:n keepalive:n maxBytes:n'],
  ['msg', 'seq:n id:s ch?s re?s ask?b again?b err?o meta?o'],
  ['ack', 'n:n also?o'],
  ['fin', 'seq:n code?n reason?s'],
  ['cancel', 're:s'],
  ['note', 'ch?s'],
  ['ping', 'k:n'],
  ['pong', 'k:n'],
  ['away', 'after:n reason?s location?s'],
  ['reset', 'code:s reason?s got?n'],
])
