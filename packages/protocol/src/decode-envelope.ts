import {
  checkBoolean,
  checkId,
  checkInteger,
  checkSeq,
  checkSid,
  checkText,
  type Fields,
  fieldFault,
  isInteger,
  isObject,
  isText,
  type Place,
  placeName,
} from './field-checks.ts'
import { isResetCode } from './ids.ts'
import { limits } from './limits.ts'
import { checkOwnKeys, checkPayload } from './payload-shape.ts'
import { PeerFault } from './peer-fault.ts'

/**
 * Checks every field that version 1 knows of one parsed envelope, in place; unknown fields are left alone.
 * Whether this side may send it, and may send it now, is for the session machine to say.
 *
 * @throws PeerFault and nothing else
 */
export function checkEnvelope(envelope: Fields, place: Place): void {
  switch (envelope.t) {
    case 'msg':
      checkMsg(envelope, place)
      break
    case 'ack':
      checkAck(envelope, place)
      break
    case 'note':
      checkContent(envelope, place)
      break
    case 'ping':
    case 'pong':
      checkSeq(envelope, place, 'k', envelope.k, 0)
      break
    case 'fin':
      checkFin(envelope, place)
      break
    case 'cancel':
      checkId(envelope, place, 're', envelope.re)
      break
    case 'hello':
      checkHello(envelope, place)
      break
    case 'welcome':
      checkWelcome(envelope, place)
      break
    case 'away':
      checkDelay(envelope, place, 'after', envelope.after, 0)
      checkReason(envelope, place)
      if (envelope.location !== undefined)
        checkText(envelope, place, 'location', envelope.location, 1, limits.locationCharsMax)
      break
    case 'reset':
      checkReset(envelope, place)
      break
    default:
      throw kindFault(envelope.t, place)
  }
  checkOwnKeys(envelope, place, undefined, envelope)
}

function checkMsg(envelope: Fields, place: Place): void {
  checkSeq(envelope, place, 'seq', envelope.seq, 1)
  checkId(envelope, place, 'id', envelope.id)
  checkContent(envelope, place)
  if (envelope.re !== undefined) checkId(envelope, place, 're', envelope.re)
  if (envelope.ask !== undefined) checkBoolean(envelope, place, 'ask', envelope.ask)
  if (envelope.again !== undefined) checkBoolean(envelope, place, 'again', envelope.again)
  if (envelope.err !== undefined) checkErr(envelope, place, envelope.err)
  if (envelope.meta !== undefined) checkMeta(envelope, place, envelope.meta)
}

/** What a `msg` and a `note` have in common: a name and a payload. */
function checkContent(envelope: Fields, place: Place): void {
  if (envelope.ch !== undefined) checkText(envelope, place, 'ch', envelope.ch, 1, limits.chCharsMax)
  checkPayload(envelope, place, 'd', envelope.d)
}

function checkErr(envelope: Fields, place: Place, err: unknown): void {
  if (!isObject(err)) throw fieldFault(envelope, place, 'err must be an object')
  if (envelope.re === undefined) throw fieldFault(envelope, place, 'err is allowed only beside re')
  if (envelope.d !== undefined) throw fieldFault(envelope, place, 'err is not allowed beside d')
  checkText(envelope, place, 'err.code', err.code, 1, limits.errCodeCharsMax)
  checkText(envelope, place, 'err.message', err.message, 0, limits.errMessageCharsMax)
}

function checkMeta(envelope: Fields, place: Place, meta: unknown): void {
  if (!isObject(meta)) throw fieldFault(envelope, place, 'meta must be an object')
  checkOwnKeys(envelope, place, 'meta', meta)
  const keys = Object.keys(meta)
  if (keys.length > limits.metaEntriesMax) {
    throw fieldFault(envelope, place, `meta must have at most ${limits.metaEntriesMax} entries`)
  }
  for (const key of keys) {
    if (!isText(key, 1, limits.metaCharsMax)) {
      throw fieldFault(
        envelope,
        place,
        `a key of meta must be a string of 1 to ${limits.metaCharsMax} characters`,
      )
    }
    checkText(envelope, place, 'a value of meta', meta[key], 0, limits.metaCharsMax)
  }
}

function checkAck(envelope: Fields, place: Place): void {
  const n = envelope.n
  checkInteger(envelope, place, 'n', n, 0, limits.seqMax)
  if (envelope.also !== undefined) checkRanges(envelope, place, envelope.also, n)
}

/** Ranges ascend and never touch, nor touch `n`: what could be said in one range is not said in two. */
function checkRanges(envelope: Fields, place: Place, also: unknown, n: number): void {
  if (!Array.isArray(also) || also.length === 0 || also.length > limits.ackRangesMax) {
    throw fieldFault(envelope, place, `also must be an array of 1 to ${limits.ackRangesMax} ranges`)
  }
  let covered = n
  for (let i = 0; i < also.length; i++) {
    const range: unknown = also[i]
    if (!Array.isArray(range) || range.length !== 2) {
      throw fieldFault(envelope, place, `also[${i}] must be a pair [from, to]`)
    }
    const [from, to] = range as unknown[]
    if (!isInteger(from, 0, limits.seqMax) || !isInteger(to, 0, limits.seqMax) || from > to) {
      throw fieldFault(envelope, place, `also[${i}] must be integers from <= to, at most ${limits.seqMax}`)
    }
    if (from <= covered + 1) {
      const before = i === 0 ? 'n' : 'the range before it'
      throw fieldFault(envelope, place, `also[${i}] must begin at least 2 above ${before}`)
    }
    covered = to
  }
}

function checkFin(envelope: Fields, place: Place): void {
  checkSeq(envelope, place, 'seq', envelope.seq, 1)
  if (envelope.code !== undefined) checkInteger(envelope, place, 'code', envelope.code, 1000, 4999)
  checkReason(envelope, place)
}

function checkHello(envelope: Fields, place: Place): void {
  checkSeq(envelope, place, 'v', envelope.v, 0)
  checkSid(envelope, place, 'sid', envelope.sid)
  checkSid(envelope, place, 'key', envelope.key)
  checkSeq(envelope, place, 'link', envelope.link, 1)
  checkBoolean(envelope, place, 'fresh', envelope.fresh)
  checkSeq(envelope, place, 'got', envelope.got, 0)
  checkWindow(envelope, place, envelope.window)
  if (envelope.maxBytes !== undefined) checkBytes(envelope, place, 'maxBytes', envelope.maxBytes)
  checkPayload(envelope, place, 'auth', envelope.auth)
  if (envelope.agent !== undefined)
    checkText(envelope, place, 'agent', envelope.agent, 0, limits.agentCharsMax)
  if (envelope.gone !== undefined) checkBoolean(envelope, place, 'gone', envelope.gone)
}

function checkWelcome(envelope: Fields, place: Place): void {
  checkSid(envelope, place, 'sid', envelope.sid)
  checkBoolean(envelope, place, 'resumed', envelope.resumed)
  checkSeq(envelope, place, 'got', envelope.got, 0)
  checkWindow(envelope, place, envelope.window)
  checkDelay(envelope, place, 'ttl', envelope.ttl, 0)
  checkDelay(envelope, place, 'keepalive', envelope.keepalive, 1)
  checkBytes(envelope, place, 'maxBytes', envelope.maxBytes)
}

function checkWindow(envelope: Fields, place: Place, window: unknown): void {
  if (!isObject(window)) throw fieldFault(envelope, place, 'window must be an object')
  checkInteger(envelope, place, 'window.messages', window.messages, 1, limits.windowMessagesMax)
  checkBytes(envelope, place, 'window.bytes', window.bytes)
}

function checkBytes(envelope: Fields, place: Place, field: string, value: unknown): void {
  checkInteger(envelope, place, field, value, limits.maxBytesMin, limits.bytesMax)
}

/** Milliseconds that a timer of every platform can wait. */
function checkDelay(envelope: Fields, place: Place, field: string, value: unknown, min: 0 | 1): void {
  checkInteger(envelope, place, field, value, min, limits.timerMsMax)
}

function checkReset(envelope: Fields, place: Place): void {
  if (!isResetCode(envelope.code)) {
    throw fieldFault(envelope, place, `code must be 1 to ${limits.errCodeCharsMax} characters of a-z 0-9 -`)
  }
  checkReason(envelope, place)
  if (envelope.got !== undefined) checkSeq(envelope, place, 'got', envelope.got, 0)
}

function checkReason(envelope: Fields, place: Place): void {
  if (envelope.reason !== undefined)
    checkText(envelope, place, 'reason', envelope.reason, 0, limits.reasonCharsMax)
}

function kindFault(kind: unknown, place: Place): PeerFault {
  if (typeof kind !== 'string')
    return new PeerFault('frameMalformed', `${placeName(place)}: t must be a string`)
  // Quoted only if it looks like a kind that a later version might have, and is shorter than any key: a close reason is
  // no place for anything else.
  const name = kind.length < limits.sidCharsMin && /^[A-Za-z0-9_-]+$/.test(kind) ? ` "${kind}"` : ''
  return new PeerFault('envelopeUnknown', `${placeName(place)}: unknown t${name}`)
}
