import { JournalError, type JournaledMessage, type JournalState } from '@lastword/protocol'
import type { SessionRecord } from './journal.ts'
import type { LevelRange } from './level-database.ts'
import { isCount, isState } from './stored-state.ts'

/**
 * How a level journal names and writes what it stores, in format 1:
 *
 * - `lastword/session/<sid>`: a `StoredSession` as JSON;
 * - `lastword/message/<sid>/<order, 16 digits>`: 4 bytes big-endian with the length of a JSON header, the header, the
 *   payload's bytes.
 */
const formatVersion = 1

/** What is stored of a session besides its messages. One value, so that it is read and replaced in one piece. */
export interface StoredSession {
  readonly v: typeof formatVersion
  readonly record: SessionRecord
  /** The token of whoever holds it, or held it last. */
  readonly holder: string
  /** When it was written, in ms since 1970, later than whatever the same process wrote before. */
  readonly writtenAt: number
  /** How many messages stand beside it: a store that has lost some is found out. */
  readonly messages: number
  /** Missing before the first write. */
  readonly state?: JournalState
}

const sessionPrefix = 'lastword/session/'
const messagePrefix = 'lastword/message/'

/** `0` follows `/`, so that this range holds what begins with `lastword/session/`. */
export const everySession: LevelRange = { gte: sessionPrefix, lt: 'lastword/session0' }

export function sessionKey(sid: string): string {
  return sessionPrefix + encodeURIComponent(sid)
}

/** The id in a session's key, for an error about its value. */
export function sidOfKey(key: string): string {
  return decodeURIComponent(key.slice(sessionPrefix.length))
}

/** Zero-padded, so that keys sort as orders do. */
export function messageKey(sid: string, order: number): string {
  return `${messagePrefix}${encodeURIComponent(sid)}/${String(order).padStart(16, '0')}`
}

export function messagesOf(sid: string): LevelRange {
  const prefix = messagePrefix + encodeURIComponent(sid)
  return { gte: `${prefix}/`, lt: `${prefix}0` }
}

/** The state is given as JSON, which is what stays the same whatever becomes of the object. */
export function encodeSession(session: Omit<StoredSession, 'v' | 'state'>, state?: string): Uint8Array {
  const { record, holder, writtenAt, messages } = session
  const rest = JSON.stringify({ v: formatVersion, record, holder, writtenAt, messages })
  return encoder.encode(state === undefined ? rest : `${rest.slice(0, -1)},"state":${state}}`)
}

/** @throws JournalError that names the session */
export function decodeSession(sid: string, value: Uint8Array): StoredSession {
  const session = parse(sid, value) as StoredSession
  if (typeof session?.v === 'number' && session.v > formatVersion) throw tooNew(sid, session.v)
  const sound =
    session?.v === formatVersion &&
    session.record?.sid === sid &&
    typeof session.record.key === 'string' &&
    typeof session.holder === 'string' &&
    Number.isFinite(session.writtenAt) &&
    isCount(session.messages) &&
    (session.state === undefined || isState(session.state))
  if (!sound) throw unreadable(sid, 'what is stored of it is not a session')
  if (session.state !== undefined && session.state.v !== 1) throw tooNew(sid, session.state.v)
  return session
}

/** When a session was written; `undefined` if it cannot be read. */
export function writtenAtOf(sid: string, value: Uint8Array): number | undefined {
  try {
    return decodeSession(sid, value).writtenAt
  } catch {
    return undefined
  }
}

export function encodeStoredMessage(message: JournaledMessage): Uint8Array {
  const { id, rest, bytes, payload } = message
  const header = encoder.encode(JSON.stringify({ id, rest, bytes, binary: payload !== undefined }))
  const value = new Uint8Array(4 + header.length + (payload?.length ?? 0))
  new DataView(value.buffer).setUint32(0, header.length)
  value.set(header, 4)
  if (payload !== undefined) value.set(payload, 4 + header.length)
  return value
}

/** @throws JournalError that names the session */
export function decodeStoredMessage(sid: string, key: string, value: Uint8Array): JournaledMessage {
  const order = Number(key.slice(key.lastIndexOf('/') + 1))
  const length = value.length < 4 ? -1 : new DataView(value.buffer, value.byteOffset).getUint32(0)
  if (length < 0 || 4 + length > value.length) throw unreadable(sid, `its message ${order} is cut off`)
  const header = parse(sid, value.subarray(4, 4 + length)) as StoredHeader
  const { id, rest, bytes, binary } = header ?? {}
  const payload = value.subarray(4 + length)
  const sound =
    isCount(order) &&
    typeof id === 'string' &&
    typeof rest === 'string' &&
    isCount(bytes) &&
    (binary === true || (binary === false && payload.length === 0))
  if (!sound) throw unreadable(sid, `what is stored as its message ${key.slice(-16)} is none`)
  // A copy, and a plain Uint8Array also where the database gave a Node buffer.
  return { order, id, rest, bytes, ...(binary && { payload: new Uint8Array(payload) }) }
}

export function unreadable(sid: string, why: string, cause?: unknown): JournalError {
  return new JournalError('journal-failed', `session ${sid} cannot be read: ${why}`, {
    sessionId: sid,
    remedy:
      'Restore the database from a copy, or give the session up with journal.forget(sid): what it held is then lost.',
    cause,
  })
}

interface StoredHeader {
  id: unknown
  rest: unknown
  bytes: unknown
  binary: unknown
}

const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

function parse(sid: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw unreadable(sid, 'a value is not JSON', cause)
  }
}

function tooNew(sid: string, version: number): JournalError {
  return new JournalError('journal-failed', `session ${sid} is stored in format ${version}`, {
    sessionId: sid,
    remedy: 'A newer lastword has written it: use that one, or a database of its own for this one.',
  })
}
