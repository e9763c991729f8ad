import type { JournaledMessage, JournalSnapshot, JournalState } from '@lastword/protocol'
import type { SessionRecord } from '../journal.ts'
import { isCount, isState } from '../stored-state.ts'
import { corrupt, fromTheFuture } from './failures.ts'

/** What is stored of a session besides its messages, in format 1. One value, so that it is read and replaced in one piece. */
export interface StoredSession {
  readonly v: 1
  readonly record: SessionRecord
  /** The token of whoever holds it, or held it last. */
  readonly holder: string
  /** When it was written, in ms since 1970, later than whatever the same page wrote before. */
  readonly writtenAt: number
  /** How many messages stand beside it: a store that has lost some is found out. */
  readonly messages: number
  /** Missing before the first write. */
  readonly state?: JournalState
}

export type StoredMessage = Omit<JournaledMessage, 'order'>

/** @throws JournalError that names the session */
export function sessionFrom(sid: string, value: unknown): StoredSession {
  const session = value as StoredSession | null
  if (typeof session?.v === 'number' && session.v > 1) throw fromTheFuture(sid, session.v)
  const { record, state } = session ?? {}
  const sound =
    session?.v === 1 &&
    record?.sid === sid &&
    typeof record.key === 'string' &&
    (record.role === 'client' || record.role === 'server') &&
    typeof session.holder === 'string' &&
    Number.isFinite(session.writtenAt) &&
    isCount(session.messages) &&
    (state === undefined || isState(state))
  if (!sound) throw corrupt(sid, 'what is stored of it is not a session')
  if (state !== undefined && state.v !== 1) throw fromTheFuture(sid, state.v)
  return session
}

/** @throws JournalError that names the session */
export function snapshotFrom(
  sid: string,
  { state, messages: count }: StoredSession,
  keys: IDBValidKey[],
  values: unknown[],
): { snapshot: JournalSnapshot | undefined; orders: Set<number> } {
  if (keys.length !== count || values.length !== count) {
    throw corrupt(sid, `${count} messages were stored and ${values.length} are there`)
  }
  const messages = values.map((value, at) => messageFrom(sid, keys[at], value))
  return {
    snapshot: state && { state, messages },
    orders: new Set(messages.map(({ order }) => order)),
  }
}

/** A copy, which the caller cannot change any more. */
export function storedMessage({ id, rest, payload, bytes }: JournaledMessage): StoredMessage {
  // Of a view only its own bytes, and none of what it is a view of.
  return { id, rest, bytes, ...(payload && { payload: new Uint8Array(payload) }) }
}

export function messageKey(sid: string, order: number): IDBValidKey {
  return [sid, order]
}

/** Every message of one session: in the order of keys, lists stand behind numbers. */
export function messagesOf(sid: string): IDBKeyRange {
  return IDBKeyRange.bound([sid], [sid, []])
}

function messageFrom(sid: string, key: IDBValidKey | undefined, value: unknown): JournaledMessage {
  const order = Array.isArray(key) ? key[1] : undefined
  const { id, rest, bytes, payload } = (value ?? {}) as Partial<StoredMessage>
  const sound =
    isCount(order) &&
    typeof id === 'string' &&
    typeof rest === 'string' &&
    isCount(bytes) &&
    (payload === undefined || payload instanceof Uint8Array)
  if (!sound) throw corrupt(sid, `what is stored as its message ${String(order)} is none`)
  return { order, id, rest, bytes, ...(payload && { payload }) }
}
