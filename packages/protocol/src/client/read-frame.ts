import type { CloseCodeName } from '../codes.ts'
import type { DecodedFrame, Envelope, Frame } from '../envelope.ts'
import {
  ackRangesMax,
  bytesMax,
  chCharsMax,
  depthMax,
  envelopesPerFrameMax,
  errCodeCharsMax,
  errMessageCharsMax,
  frameOverheadBytes,
  headerBytesMax,
  locationCharsMax,
  maxBytesMin,
  metaCharsMax,
  metaEntriesMax,
  reasonCharsMax,
  seqMax,
  timerMsMax,
  windowMessagesMax,
} from './bounds.ts'
import { Fault } from './fault.ts'

/**
 * Reads one frame of a server: `decodeFrame` for a client that counts its own bytes. It takes and refuses the same
 * frames, with the same codes (a property test holds the two together); its checks are a table and its faults name no
 * field. A `hello` is not looked at closely: a client takes none.
 *
 * @param maxBytes the largest message taken
 * @throws Fault and nothing else
 */
export function readFrame(frame: Frame, bytes: number, maxBytes: number): DecodedFrame {
  demand(Math.max(bytes, frame.length) <= maxBytes + frameOverheadBytes, 'frameTooLarge')
  let envelopes: unknown
  let payload: Uint8Array | undefined
  if (typeof frame === 'string') envelopes = parse(frame)
  else {
    demand(frame.length > 3)
    const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
    demand(length <= headerBytesMax && length + 4 <= frame.length)
    const header = parse(utf8(frame.subarray(4, length + 4))) as Fields
    demand(isObject(header) && (header.t === 'msg' || header.t === 'note'))
    demand(header.d === undefined && header.err === undefined)
    envelopes = [header]
    // What lies in a shared read buffer would keep all of that alive.
    payload = frame.slice(length + 4)
  }
  demand(Array.isArray(envelopes) && envelopes.length > 0 && envelopes.length <= envelopesPerFrameMax)
  for (const envelope of envelopes as Fields[]) {
    demand(isObject(envelope) && typeof envelope.t === 'string')
    const shape = Object.hasOwn(shapes, envelope.t as string) && shapes[envelope.t as string]
    demand(shape, 'envelopeUnknown')
    demand((shape as Check)(envelope))
    demand(envelope.err === undefined || (envelope.re !== undefined && envelope.d === undefined))
    if (envelope.t === 'msg' || envelope.t === 'note') {
      const fault = faultIn(envelope.d, depthMax)
      demand(!fault, fault as CloseCodeName)
    }
  }
  return { envelopes: envelopes as Envelope[], payload }
}

/** What is wrong with a payload: nested deeper than `room`, or a key `__proto__` anywhere. */
export function faultIn(value: unknown, room: number): CloseCodeName | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (room === 0) return 'frameTooDeep'
  for (const key of Object.keys(value)) {
    const fault = key === '__proto__' ? 'frameMalformed' : faultIn((value as Fields)[key], room - 1)
    if (fault) return fault
  }
  return undefined
}

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

function demand(holds: unknown, code: CloseCodeName = 'frameMalformed'): asserts holds {
  if (!holds) throw new Fault(code, code)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // Engines whose parser recurses run out of stack on deep nesting, which they do not call a syntax error.
    throw new Fault(error instanceof SyntaxError ? 'frameMalformed' : 'frameTooDeep', 'no JSON')
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Fault('frameMalformed', 'no UTF-8')
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, '__proto__')
}

function integer(min: number, max: number = seqMax): Check {
  return (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

function text(min: number, max: number): Check {
  return (value) => typeof value === 'string' && value.length >= min && value.length <= max
}

function like(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

function maybe(check: Check): Check {
  return (value) => value === undefined || check(value)
}

function object(fields: Record<string, Check>): Check {
  return (value) => isObject(value) && Object.keys(fields).every((name) => fields[name]?.(value[name]))
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isMeta(value: unknown): boolean {
  if (!isObject(value)) return false
  const entries = Object.entries(value)
  return (
    entries.length <= metaEntriesMax &&
    entries.every(([key, item]) => text(1, metaCharsMax)(key) && text(0, metaCharsMax)(item))
  )
}

/** Ranges ascend and never touch, nor touch `n`: what could be said in one range is not said in two. */
function isAck({ n, also }: Fields): boolean {
  if (also === undefined) return true
  if (!Array.isArray(also) || also.length === 0 || also.length > ackRangesMax) return false
  let covered = n as number
  return also.every((range) => {
    if (!Array.isArray(range) || range.length !== 2) return false
    const [from, to] = range
    const fits = integer(covered + 2)(from) && integer(from)(to)
    covered = to
    return fits
  })
}

const seq = integer(1)
const count = integer(0)
const id = like(/^[\w.:~-]{1,64}$/)
const reason = maybe(text(0, reasonCharsMax))
const size = integer(maxBytesMin, bytesMax)
const name = maybe(text(1, chCharsMax))
const knock = object({ k: count })

const shapes: Record<string, Check> = {
  hello: isObject,
  welcome: object({
    sid: like(/^[\w-]{16,64}$/),
    resumed: isBoolean,
    got: count,
    window: object({ messages: integer(1, windowMessagesMax), bytes: size }),
    ttl: integer(0, timerMsMax),
    keepalive: integer(1, timerMsMax),
    maxBytes: size,
  }),
  msg: object({
    seq,
    id,
    ch: name,
    re: maybe(id),
    ask: maybe(isBoolean),
    again: maybe(isBoolean),
    err: maybe(object({ code: text(1, errCodeCharsMax), message: text(0, errMessageCharsMax) })),
    meta: maybe(isMeta),
  }),
  ack: (value) => count((value as Fields).n) && isAck(value as Fields),
  fin: object({ seq, code: maybe(integer(1000, 4999)), reason }),
  cancel: object({ re: id }),
  note: object({ ch: name }),
  ping: knock,
  pong: knock,
  away: object({ after: integer(0, timerMsMax), reason, location: maybe(text(1, locationCharsMax)) }),
  reset: object({ code: like(/^[a-z0-9-]{1,64}$/), reason, got: maybe(count) }),
}
