import type { DecodedFrame, Envelope, Frame } from '../envelope.ts'
import { depthMax, envelopesPerFrameMax, headerBytesMax } from './bounds.ts'
import { envelopeUnknown, frameMalformed, frameTooDeep } from './close-codes.ts'

/**
 * Reads one frame of a server. It takes every frame that `decodeFrame` takes, and refuses what is no JSON, no envelope
 * of version 1, or would bring the client's books into disorder: numbers that are none, ids that are none, payloads that
 * no application should be given. Other fields are looked at where they are used; how long strings are is left to the
 * length of the frame: such bounds protect servers from strangers.
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
    const { t, id, re, d, ch, err, code, reason } = envelope
    const names = numbers.get(t)
    if (!names && typeof t === 'string') throw envelopeUnknown
    const sound =
      names?.every((name) => Number.isSafeInteger(envelope[name]) && (envelope[name] as number) >= 0) &&
      // Ids go into envelopes of this side as they stand.
      (t === 'msg' ? [id, re ?? id] : t === 'cancel' ? [re] : []).every(
        (one) => typeof one === 'string' && /^[\w.:~-]{1,64}$/.test(one),
      ) &&
      // What is put into errors must have a text.
      (t === 'msg'
        ? [ch, (err as Fields | null)?.message]
        : t === 'note'
          ? [ch]
          : t === 'reset'
            ? [code, reason]
            : []
      ).every((one) => typeof one !== 'object')
    if (!sound || !isPlain(d, depthMax)) throw frameMalformed
  }
  return envelopes as unknown as Envelope[]
}

/** False for a value that has a key `__proto__` anywhere. Throws for one that is nested deeper than `room`. */
function isPlain(value: unknown, room: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (room === 0) throw frameTooDeep
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && isPlain(item, room - 1))
}

type Fields = Readonly<Record<string, unknown>>

/** The fields of each kind that must be whole numbers, and there. */
const numbers: ReadonlyMap<unknown, string[]> = new Map([
  ['hello', []],
  ['welcome', ['got', 'ttl', 'keepalive', 'maxBytes']],
  ['msg', ['seq']],
  ['ack', ['n']],
  ['fin', ['seq']],
  ['cancel', []],
  ['note', []],
  ['ping', ['k']],
  ['pong', ['k']],
  ['away', ['after']],
  ['reset', []],
])
