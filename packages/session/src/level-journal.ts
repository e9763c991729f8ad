import { ArgumentError, type JournaledMessage, type JournalWrite } from '@lastword/protocol'
import { checkBoolean, checkObject } from './argument-checks.ts'
import type { ClaimedSession, ClaimOptions, Journal, SessionJournal, SessionRecord } from './journal.ts'
import { journalClosed, sessionExists, sessionLost, writeFailedBefore } from './journal-errors.ts'
import { type Hold, JournalHolders } from './journal-holders.ts'
import type { LevelDatabase, LevelOperation } from './level-database.ts'
import {
  decodeSession,
  decodeStoredMessage,
  encodeSession,
  encodeStoredMessage,
  everySession,
  messageKey,
  messagesOf,
  type StoredSession,
  sessionKey,
  sidOfKey,
  unreadable,
  writtenAtOf,
} from './level-records.ts'
import { LevelStore } from './level-store.ts'
import { Turns } from './turns.ts'

export type { LevelDatabase } from './level-database.ts'

export interface LevelJournalOptions {
  /**
   * True: a write resolves when the disk has it, so that it survives a loss of power. False: it resolves when the
   * operating system has it: it survives the end of the process, `kill -9` as well, but the last writes before a loss
   * of power or a crash of the system may be gone, and what had been promised on them is broken. Databases that are no
   * LevelDB have their own rule. @default true
   */
  sync?: boolean
}

/** A journal in a database. */
export interface LevelJournal extends Journal {
  /** Forgets a session without reading it, whoever holds it: for one that cannot be read. */
  forget(sid: string): Promise<void>
}

/**
 * A journal in an `abstract-level` database: `new Level(folder)` of the package `level` is LevelDB in Node and IndexedDB
 * in browsers. It opens the database when it first needs it, and closes it when it is closed itself. Its keys begin
 * with `lastword/`; give it a sublevel if the database is used for other things too.
 *
 * Make one journal for each database: journals over the same object share who holds what, but LevelDB lets only one
 * object of one process open a folder.
 *
 * @throws ArgumentError if it is not a database
 */
export function levelJournal(db: LevelDatabase, options: LevelJournalOptions = {}): LevelJournal {
  for (const method of ['open', 'close', 'get', 'batch', 'iterator'] as const) {
    if (typeof db?.[method] === 'function') continue
    throw new ArgumentError(`the database has no method ${method}`, "Pass new Level('folder').")
  }
  checkObject('the options', options, 'Pass { sync }, or nothing.')
  checkBoolean('sync', options.sync)
  return new DatabaseJournal(db, options.sync !== false)
}

class DatabaseJournal implements LevelJournal {
  readonly #store: LevelStore
  readonly #shared: Shared

  constructor(db: LevelDatabase, sync: boolean) {
    this.#store = new LevelStore(db, sync)
    this.#shared = sharedOf(db)
  }

  create(record: SessionRecord): Promise<SessionJournal> {
    const { sid } = record
    const copy = { ...record }
    return this.#alone(sid, async () => {
      if ((await this.#store.get(sessionKey(sid))) !== undefined) throw sessionExists(sid)
      const hold = this.#shared.holders.take(sid)
      await this.#hold(hold, copy, 0)
      return new DatabaseSession(this, hold, new Set())
    })
  }

  find(sid: string): Promise<SessionRecord | undefined> {
    return this.#store.run(sid, async () => (await this.#read(sid))?.record)
  }

  async claim(sid: string, options: ClaimOptions = {}): Promise<ClaimedSession | undefined> {
    const { holders } = this.#shared
    if ((await this.find(sid)) === undefined) return undefined
    if (!options.ifFree) await holders.free(sid, options.waitMs ?? 0)
    return this.#alone(sid, async () => {
      const stored = await this.#read(sid)
      if (stored === undefined || (options.ifFree && holders.get(sid) !== undefined)) return undefined
      // What cannot be read is not taken over either.
      const messages = await this.#messages(sid, stored)
      const hold = holders.take(sid)
      const { record, state } = stored
      await this.#hold(hold, record, messages.length, state && JSON.stringify(state))
      const orders = new Set(messages.map(({ order }) => order))
      const journal = new DatabaseSession(this, hold, orders)
      return { record, snapshot: state && { state, messages }, journal }
    })
  }

  list(): Promise<SessionRecord[]> {
    return this.#store.run(undefined, async () => {
      const sessions: StoredSession[] = []
      for await (const [key, value] of this.#store.entries(everySession)) {
        sessions.push(decodeSession(sidOfKey(key), value))
      }
      return sessions.sort((a, b) => a.writtenAt - b.writtenAt).map(({ record }) => record)
    })
  }

  async prune(idleMs: number): Promise<number> {
    const before = this.#shared.stamp() - idleMs
    const idle: string[] = []
    await this.#store.run(undefined, async () => {
      for await (const [key, value] of this.#store.entries(everySession)) {
        const sid = sidOfKey(key)
        if (isIdle(sid, value, before)) idle.push(sid)
      }
    })
    let forgotten = 0
    for (const sid of idle) {
      const gone = await this.#alone(sid, async () => {
        // It may have been claimed, or written, meanwhile.
        if (this.#shared.holders.get(sid) !== undefined) return false
        const value = await this.#store.get(sessionKey(sid))
        if (value === undefined || !isIdle(sid, value, before)) return false
        await this.#delete(sid)
        return true
      })
      if (gone) forgotten++
    }
    return forgotten
  }

  forget(sid: string): Promise<void> {
    return this.#alone(sid, async () => {
      const hold = this.#shared.holders.get(sid)
      if (hold !== undefined) this.#shared.holders.letGo(hold)
      await this.#delete(sid)
    })
  }

  async close(): Promise<void> {
    const closing = this.#store.close()
    this.#shared.holders.tellClosed(journalClosed)
    try {
      await closing
    } finally {
      // Who still waits for a session learns that the journal is closed.
      this.#shared.holders.letAllGo()
    }
  }

  // For the sessions

  write(session: DatabaseSession, { add, remove, state }: JournalWrite): Promise<void> {
    const { hold, orders } = session
    const { sid } = hold
    // Put into bytes now: what will stand is what was given, whatever the caller does with it afterwards.
    const operations = add.map(
      (message): LevelOperation => ({
        type: 'put',
        key: messageKey(sid, message.order),
        value: encodeStoredMessage(message),
      }),
    )
    for (const order of remove) operations.push({ type: 'del', key: messageKey(sid, order) })
    const added = add.map(({ order }) => order)
    const removed = [...remove]
    const stateText = JSON.stringify(state)
    return this.#alone(sid, async () => {
      // Lost is lost, also after a failure.
      const { record } = await this.#heldBy(session)
      if (session.failure !== undefined) throw writeFailedBefore(sid, session.failure)
      for (const order of added) orders.add(order)
      for (const order of removed) orders.delete(order)
      await session.failingOnce(
        this.#store.commit([...operations, this.#put(hold, record, orders.size, stateText)]),
      )
    })
  }

  remove(hold: Hold): Promise<void> {
    return this.#alone(hold.sid, async () => {
      const stored = hold.ended ? undefined : await this.#read(hold.sid)
      this.#shared.holders.letGo(hold)
      if (stored?.holder === hold.token) await this.#delete(hold.sid)
    })
  }

  release(hold: Hold): Promise<void> {
    return this.#alone(hold.sid, async () => {
      try {
        const stored = hold.ended ? undefined : await this.#read(hold.sid)
        if (stored?.holder !== hold.token) return
        const { record, messages, state } = stored
        await this.#store.commit([this.#put(hold, record, messages, state && JSON.stringify(state))])
      } finally {
        this.#shared.holders.letGo(hold)
      }
    })
  }

  /** @throws JournalError `journal-lost` if it is not this holder's any more */
  async #heldBy(session: DatabaseSession): Promise<StoredSession> {
    const { hold } = session
    const stored = hold.ended ? undefined : await session.failingOnce(this.#read(hold.sid))
    if (stored?.holder !== hold.token) throw sessionLost(hold.sid)
    return stored
  }

  /** @throws what the store failed with; the session then has no holder in this process */
  async #hold(hold: Hold, record: SessionRecord, messages: number, state?: string): Promise<void> {
    try {
      await this.#store.commit([this.#put(hold, record, messages, state)])
    } catch (error) {
      this.#shared.holders.letGo(hold)
      throw error
    }
  }

  async #read(sid: string): Promise<StoredSession | undefined> {
    const value = await this.#store.get(sessionKey(sid))
    return value && decodeSession(sid, value)
  }

  async #messages(sid: string, stored: StoredSession): Promise<JournaledMessage[]> {
    const messages: JournaledMessage[] = []
    for await (const [key, value] of this.#store.entries(messagesOf(sid))) {
      messages.push(decodeStoredMessage(sid, key, value))
    }
    if (messages.length === stored.messages) return messages
    throw unreadable(sid, `${stored.messages} messages were stored and ${messages.length} are there`)
  }

  async #delete(sid: string): Promise<void> {
    const operations: LevelOperation[] = [{ type: 'del', key: sessionKey(sid) }]
    for await (const [key] of this.#store.entries(messagesOf(sid))) operations.push({ type: 'del', key })
    await this.#store.commit(operations)
  }

  #put({ sid, token }: Hold, record: SessionRecord, messages: number, state?: string): LevelOperation {
    const session = { record, holder: token, writtenAt: this.#shared.stamp(), messages }
    return { type: 'put', key: sessionKey(sid), value: encodeSession(session, state) }
  }

  /** What is done with one session is done one at a time, in the order of the calls. */
  #alone<T>(sid: string, work: () => Promise<T>): Promise<T> {
    return this.#store.run(sid, work, (inTurn) => this.#shared.turns.take(sid, inTurn))
  }
}

class DatabaseSession implements SessionJournal {
  readonly hold: Hold
  /** The messages that are stored. */
  readonly orders: Set<number>
  /** What the first write failed with that did. */
  failure: unknown
  readonly #journal: DatabaseJournal

  constructor(journal: DatabaseJournal, hold: Hold, orders: Set<number>) {
    this.#journal = journal
    this.hold = hold
    this.orders = orders
  }

  async write(write: JournalWrite): Promise<void> {
    await this.#journal.write(this, write)
  }

  /** Keeps what went wrong: no write may follow one that is missing. */
  async failingOnce<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.failure ??= error
      throw error
    }
  }

  remove(): Promise<void> {
    return this.#journal.remove(this.hold)
  }

  release(): Promise<void> {
    return this.#journal.release(this.hold)
  }

  onWanted(callback: () => void): void {
    this.hold.onWanted(callback)
  }

  onClosed(callback: (error: unknown) => void): void {
    this.hold.onClosed(callback)
  }
}

/** What the journals over one database object have in common. */
class Shared {
  readonly holders = new JournalHolders()
  readonly turns = new Turns()
  #last = 0

  /** The time of a write, later than that of the one before. */
  stamp(): number {
    this.#last = Math.max(Date.now(), this.#last + 0.001)
    return this.#last
  }
}

const everyShared = new WeakMap<LevelDatabase, Shared>()

function sharedOf(db: LevelDatabase): Shared {
  const shared = everyShared.get(db) ?? new Shared()
  everyShared.set(db, shared)
  return shared
}

function isIdle(sid: string, value: Uint8Array, before: number): boolean {
  const writtenAt = writtenAtOf(sid, value)
  return writtenAt !== undefined && writtenAt <= before
}
