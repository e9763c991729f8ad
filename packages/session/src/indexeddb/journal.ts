import { JournalError, type JournaledMessage, type JournalState, type JournalWrite } from '@lastword/protocol'
import type { ClaimOptions, Journal, SessionJournal, SessionRecord } from '../journal.ts'
import { journalClosed, sessionExists, sessionLost, writeFailedBefore } from '../journal-errors.ts'
import { type Hold, JournalHolders } from '../journal-holders.ts'
import { Turns } from '../turns.ts'
import { asked, type DatabaseOptions, PageDatabase, type Stores } from './database.ts'
import { storeFailed } from './failures.ts'
import { SessionLocks } from './locks.ts'
import {
  messageKey,
  messagesOf,
  type StoredSession,
  sessionFrom,
  snapshotFrom,
  storedMessage,
} from './records.ts'

/** One session, in the hands of this page. */
export interface PageSession extends SessionJournal {
  /** The page goes, and it or the next one in its place may come back within `graceMs`: others leave the session alone so long. */
  markLeft(graceMs: number): void
  /** The page is put aside: others may have the session. What is written nevertheless stands as long as nobody has taken it. */
  park(): void
  /** The page is back. Resolves with whether the session is still its own. */
  unpark(): Promise<boolean>
}

export interface PageClaim {
  record: SessionRecord
  snapshot: { state: JournalState; messages: readonly JournaledMessage[] } | undefined
  journal: PageSession
}

/** What a page that looks for a session of its own needs to know of one that stands in the journal. */
export interface StandingSession {
  record: SessionRecord
  /** How long ago it was written, in ms. */
  idleMs: number
  /** How long it is still left alone for the page that it was of, in ms. */
  graceMs: number
  /** True if it has ended, or was being closed: whoever takes it can only finish it. */
  finishing: boolean
}

/** A journal in a database of IndexedDB, for the pages of one origin. */
export class PageJournal implements Journal {
  readonly #database: PageDatabase
  readonly #locks: SessionLocks
  readonly #holders = new JournalHolders()
  readonly #turns = new Turns()
  readonly #operations = new Set<Promise<unknown>>()
  readonly #onClose: () => void
  #lastStamp = 0
  #closing: Promise<void> | undefined

  constructor(options: DatabaseOptions, onClose: () => void) {
    this.#database = new PageDatabase(options)
    this.#onClose = onClose
    this.#locks = new SessionLocks(options.name, (sid) => {
      const hold = this.#holders.get(sid)
      if (hold !== undefined) this.#holders.letGo(hold)
    })
  }

  get name(): string {
    return this.#database.options.name
  }

  /** False where the pages of the origin cannot know which sessions the others have. */
  get locksSessions(): boolean {
    return this.#locks.there
  }

  create(record: SessionRecord): Promise<PageSession> {
    const { sid } = record
    const copy = { ...record }
    return this.#alone(sid, async () => {
      // A page that has the lock makes, or has, this session.
      if (!(await this.#lock(sid))) throw sessionExists(sid)
      return this.#orFree(sid, () => this.#make(copy))
    })
  }

  find(sid: string): Promise<SessionRecord | undefined> {
    return this.#run(sid, () =>
      this.#database.transact('readonly', sid, async (stores) => (await this.#read(stores, sid))?.record),
    )
  }

  async claim(
    sid: string,
    { ifFree = false, waitMs = 0 }: ClaimOptions = {},
  ): Promise<PageClaim | undefined> {
    if ((await this.find(sid)) === undefined) return undefined
    if (!ifFree) await this.#holders.free(sid, waitMs)
    return this.#alone(sid, async () => {
      let robbed = !this.#locks.there
      if (ifFree) {
        if (this.#holders.get(sid) !== undefined || !(await this.#lock(sid))) return undefined
      } else if (!this.#locks.has(sid)) {
        robbed = (await this.#named(sid, this.#locks.steal(sid, waitMs))) || robbed
      }
      return this.#orFree(sid, () => this.#take(sid, robbed))
    })
  }

  /**
   * Waits until no page has this session, then takes it, unless `mayTake` says no of what it has become. `undefined` if
   * it is gone by then, is not taken, or `signal` is aborted.
   */
  async claimWhenFree(
    sid: string,
    signal: AbortSignal,
    mayTake: (session: StandingSession) => boolean,
  ): Promise<PageClaim | undefined> {
    if (!this.#locks.there) return undefined
    try {
      await this.#locks.whenFree(sid, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      throw storeFailed(this.name, error, sid)
    }
    const work = this.#alone(sid, () =>
      this.#orFree(sid, async () => {
        const standing = await this.#database.transact('readonly', sid, async (stores) => {
          const stored = await this.#read(stores, sid)
          return stored && this.#standing(stored, await asked(stores.left.get(sid)))
        })
        if (standing !== undefined && !signal.aborted && mayTake(standing)) return this.#take(sid, false)
        await this.#locks.free(sid)
        return undefined
      }),
    )
    // A journal that was closed meanwhile has no use for it.
    work.catch(async () => {
      if (this.#holders.get(sid) === undefined) await this.#locks.free(sid)
    })
    return work
  }

  list(): Promise<SessionRecord[]> {
    return this.#run(undefined, async () => {
      const { sessions, unreadable } = await this.#all()
      if (unreadable[0] !== undefined) throw unreadable[0]
      return sessions.map(({ record }) => record)
    })
  }

  /** The sessions of clients at this address, the one written last at the end; and what is wrong with those that cannot be read. */
  clientsOf(url: string): Promise<{ sessions: StandingSession[]; unreadable: JournalError[] }> {
    return this.#run(undefined, async () => {
      const { sessions, left, unreadable } = await this.#all()
      const clients = sessions.filter(({ record }) => record.role === 'client' && record.url === url)
      return {
        sessions: clients.map((session) => this.#standing(session, left.get(session.record.sid))),
        unreadable,
      }
    })
  }

  async prune(idleMs: number): Promise<number> {
    const before = this.#stamp() - idleMs
    const { sessions } = await this.#run(undefined, () => this.#all())
    let forgotten = 0
    for (const { record } of sessions) {
      const { sid } = record
      const gone = await this.#alone(sid, async () => {
        if (this.#holders.get(sid) !== undefined || !(await this.#lock(sid))) return false
        try {
          return await this.#database.transact('readwrite', sid, async (stores) => {
            const stored = await this.#read(stores, sid)
            if (stored === undefined || stored.writtenAt > before) return false
            this.#erase(stores, sid)
            return true
          })
        } finally {
          await this.#locks.free(sid)
        }
      })
      if (gone) forgotten++
    }
    return forgotten
  }

  /** Forgets a session without reading it, whoever holds it: for one that cannot be read. */
  forget(sid: string): Promise<void> {
    return this.#alone(sid, async () => {
      const hold = this.#holders.get(sid)
      if (hold !== undefined) this.#holders.letGo(hold)
      await this.#database.transact('readwrite', sid, async (stores) => {
        const stored = (await asked(stores.sessions.get(sid))) as Partial<StoredSession> | undefined
        if (typeof stored?.holder === 'string') stores.robbed.put(Date.now(), stored.holder)
        this.#erase(stores, sid)
      })
      await this.#locks.free(sid)
    })
  }

  close(): Promise<void> {
    this.#onClose()
    this.#closing ??= this.#close()
    return this.#closing
  }

  // For the sessions

  write(session: HeldSession, { add, remove, state }: JournalWrite): Promise<void> {
    const { hold, orders } = session
    const { sid } = hold
    // Copied now: what will stand is what was given, whatever the caller does with it afterwards.
    const added = add.map((message) => ({ order: message.order, stored: storedMessage(message) }))
    const removed = [...remove]
    const copy = structuredClone(state)
    return this.#alone(sid, async () => {
      // Lost is lost, also after a failure.
      if (hold.ended) throw sessionLost(sid)
      if (session.failure !== undefined) throw writeFailedBefore(sid, session.failure)
      for (const { order } of added) orders.add(order)
      for (const order of removed) orders.delete(order)
      await session.failingOnce(
        this.#guarded(session, (stores) => {
          for (const { order, stored } of added) stores.messages.put(stored, messageKey(sid, order))
          for (const order of removed) stores.messages.delete(messageKey(sid, order))
          this.#put(stores, session, copy)
        }),
      )
      session.state = copy
    })
  }

  remove({ hold }: HeldSession): Promise<void> {
    const { sid } = hold
    return this.#alone(sid, async () => {
      if (hold.ended) return
      try {
        await this.#database.transact('readwrite', sid, async (stores) => {
          const stored = (await asked(stores.sessions.get(sid))) as Partial<StoredSession> | undefined
          if (stored?.holder === hold.token) this.#erase(stores, sid)
        })
      } finally {
        await this.#letGo(hold)
      }
    })
  }

  release(session: HeldSession): Promise<void> {
    const { hold } = session
    return this.#alone(hold.sid, async () => {
      if (hold.ended) return
      try {
        // What stands after a write that failed nobody knows.
        if (session.failure === undefined) {
          await this.#guarded(session, (stores) => this.#put(stores, session, session.state)).catch(
            unlessLost,
          )
        }
      } finally {
        await this.#letGo(hold)
      }
    })
  }

  markLeft(session: HeldSession, graceMs: number): void {
    const { hold } = session
    if (hold.ended || this.#closing !== undefined) return
    // Asked for at once, for the page may stand still at the end of this turn.
    const mark = ({ left }: Stores) => void left.put(Date.now() + graceMs, hold.sid)
    this.#database
      .transact('readwrite', hold.sid, mark, { scope: ['left'], durability: 'relaxed' })
      .catch(() => {})
    session.leaving = true
  }

  park({ hold }: HeldSession): void {
    if (!hold.ended) void this.#locks.free(hold.sid)
  }

  unpark(session: HeldSession): Promise<boolean> {
    const { hold } = session
    const { sid } = hold
    const work = this.#run(sid, async () => {
      if (hold.ended || !(await this.#lock(sid))) return false
      return this.#database.transact('readwrite', sid, async (stores) => {
        const stored = await this.#read(stores, sid)
        if (stored?.holder !== hold.token) return false
        stores.left.delete(sid)
        return true
      })
    })
    return work
      .catch(() => false)
      .then(async (mine) => {
        if (!mine) await this.#letGo(hold)
        session.leaving = false
        return mine
      })
  }

  /** @throws JournalError, with the session in nobody's hands */
  async #make(record: SessionRecord): Promise<PageSession> {
    const { sid } = record
    let session: HeldSession | undefined
    try {
      return await this.#database.transact('readwrite', sid, async (stores) => {
        if ((await asked(stores.sessions.getKey(sid))) !== undefined) throw sessionExists(sid)
        session = this.#hold(record, new Set(), undefined)
        this.#put(stores, session, undefined)
        return session
      })
    } catch (error) {
      if (session !== undefined) this.#holders.letGo(session.hold)
      throw error
    }
  }

  /** `robbed`: whoever had it may be alive, in another page. */
  async #take(sid: string, robbed: boolean): Promise<PageClaim | undefined> {
    let session: HeldSession | undefined
    try {
      const claim = await this.#database.transact('readwrite', sid, async (stores) => {
        const stored = await this.#read(stores, sid)
        if (stored === undefined) return undefined
        const [keys, values] = await Promise.all([
          asked(stores.messages.getAllKeys(messagesOf(sid))),
          asked(stores.messages.getAll(messagesOf(sid))),
        ])
        // What cannot be read is not taken over either.
        const { snapshot, orders } = snapshotFrom(sid, stored, keys, values)
        const { record, state } = stored
        session = this.#hold({ ...record }, orders, structuredClone(state))
        // A page that was put aside may still write a last time, or come back.
        if (robbed || (await asked(stores.left.getKey(sid))) !== undefined) {
          stores.robbed.put(Date.now(), stored.holder)
          await this.#forgetRobbed(stores)
        }
        stores.left.delete(sid)
        this.#put(stores, session, state)
        return { record, snapshot, journal: session }
      })
      if (claim === undefined) await this.#locks.free(sid)
      return claim
    } catch (error) {
      if (session !== undefined) this.#holders.letGo(session.hold)
      throw error
    }
  }

  /** Whoever in this page held the session before holds it no more. */
  #hold(record: SessionRecord, orders: Set<number>, state: JournalState | undefined): HeldSession {
    const hold = this.#holders.take(record.sid)
    return new HeldSession(this, hold, this.#database.generation, record, orders, state)
  }

  /**
   * A transaction that stands only if the session is still in these hands. It needs no answer in between, so that one
   * that a page has begun outlives the page.
   */
  async #guarded({ hold, generation, leaving }: HeldSession, work: (stores: Stores) => void): Promise<void> {
    const { sid, token } = hold
    this.#database.checkGeneration(generation, sid)
    try {
      const guarded = (stores: Stores) => {
        // Refused if the token stands there already, and with it everything else.
        stores.robbed.add(0, token)
        stores.robbed.delete(token)
        work(stores)
      }
      // The disk is not waited for by a page that goes, and might be gone by then.
      const options = { scope: guardedStores, ...(leaving && { durability: 'relaxed' as const }) }
      await this.#database.transact('readwrite', sid, guarded, options)
    } catch (error) {
      throw (error as { name?: unknown }).name === 'ConstraintError' ? sessionLost(sid) : error
    }
  }

  #put(stores: Stores, { hold, record, orders }: HeldSession, state?: JournalState): void {
    const session: StoredSession = {
      v: 1,
      record,
      holder: hold.token,
      writtenAt: this.#stamp(),
      messages: orders.size,
      ...(state && { state }),
    }
    stores.sessions.put(session, hold.sid)
  }

  async #read(stores: Stores, sid: string): Promise<StoredSession | undefined> {
    const value: unknown = await asked(stores.sessions.get(sid))
    return value === undefined ? undefined : sessionFrom(sid, value)
  }

  async #all(): Promise<{
    sessions: StoredSession[]
    left: Map<unknown, unknown>
    unreadable: JournalError[]
  }> {
    const [keys, values, leftKeys, leftValues] = await this.#database.transact(
      'readonly',
      undefined,
      ({ sessions, left }) =>
        Promise.all([
          asked(sessions.getAllKeys()),
          asked(sessions.getAll()),
          asked(left.getAllKeys()),
          asked(left.getAll()),
        ]),
    )
    const left = new Map(leftKeys.map((sid, at) => [sid, leftValues[at]]))
    const sessions: StoredSession[] = []
    const unreadable: JournalError[] = []
    for (const [at, value] of values.entries()) {
      try {
        sessions.push(sessionFrom(String(keys[at]), value))
      } catch (error) {
        unreadable.push(error as JournalError)
      }
    }
    return { sessions: sessions.sort((a, b) => a.writtenAt - b.writtenAt), left, unreadable }
  }

  #standing({ record, writtenAt, state }: StoredSession, leftUntil: unknown): StandingSession {
    const now = Date.now()
    // A clock may have been set meanwhile.
    const graceMs = typeof leftUntil === 'number' ? Math.min(leftUntil - now, graceMsMax) : 0
    return {
      record,
      idleMs: Math.max(0, now - writtenAt),
      graceMs: Math.max(0, graceMs),
      finishing: state?.ended !== undefined || state?.out.fin !== undefined,
    }
  }

  #erase(stores: Stores, sid: string): void {
    stores.sessions.delete(sid)
    stores.messages.delete(messagesOf(sid))
    stores.left.delete(sid)
  }

  /** A page that was robbed so long ago is not alive any more. */
  async #forgetRobbed({ robbed }: Stores): Promise<void> {
    const [tokens, times] = await Promise.all([asked(robbed.getAllKeys()), asked(robbed.getAll())])
    const before = Date.now() - robbedMs
    for (const [at, token] of tokens.entries()) if (times[at] < before) robbed.delete(token)
  }

  #lock(sid: string): Promise<boolean> {
    return this.#named(sid, this.#locks.take(sid))
  }

  /** What the browser says against locks, as an error of the journal. */
  async #named<T>(sid: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw storeFailed(this.name, error, sid)
    }
  }

  /** If it fails, and nobody here has the session, the lock is free again. */
  async #orFree<T>(sid: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (this.#holders.get(sid) === undefined) await this.#locks.free(sid)
      throw error
    }
  }

  async #letGo(hold: Hold): Promise<void> {
    const mine = this.#holders.get(hold.sid) === hold
    this.#holders.letGo(hold)
    if (mine) await this.#locks.free(hold.sid)
  }

  /** The time of a write, later than that of the one before. */
  #stamp(): number {
    this.#lastStamp = Math.max(Date.now(), this.#lastStamp + 0.001)
    return this.#lastStamp
  }

  /** What is done with one session is done one at a time, in the order of the calls. */
  #alone<T>(sid: string, work: () => Promise<T>): Promise<T> {
    return this.#run(sid, () => this.#turns.take(sid, work))
  }

  async #run<T>(sid: string | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw journalClosed(sid)
    const running = work()
    this.#operations.add(running)
    const done = () => this.#operations.delete(running)
    running.then(done, done)
    return running
  }

  async #close(): Promise<void> {
    // In the next turn of promises, so that everybody sees that it is closing.
    await undefined
    this.#holders.tellClosed(journalClosed)
    while (this.#operations.size > 0) await Promise.allSettled(this.#operations)
    this.#holders.letAllGo()
    await this.#locks.freeAll()
    await this.#database.close()
  }
}

class HeldSession implements PageSession {
  readonly hold: Hold
  readonly record: SessionRecord
  /** The messages that are stored. */
  readonly orders: Set<number>
  /** As it was last written. */
  state: JournalState | undefined
  /** The connection that it was taken on. */
  readonly generation: number
  /** What the first write failed with that did. */
  failure: unknown
  /** True while its page goes, or is gone into the back-forward cache. */
  leaving = false
  readonly #journal: PageJournal

  constructor(
    journal: PageJournal,
    hold: Hold,
    generation: number,
    record: SessionRecord,
    orders: Set<number>,
    state: JournalState | undefined,
  ) {
    this.#journal = journal
    this.hold = hold
    this.generation = generation
    this.record = record
    this.orders = orders
    this.state = state
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
    return this.#journal.remove(this)
  }

  release(): Promise<void> {
    return this.#journal.release(this)
  }

  onWanted(callback: () => void): void {
    this.hold.onWanted(callback)
  }

  onClosed(callback: (error: unknown) => void): void {
    this.hold.onClosed(callback)
  }

  markLeft(graceMs: number): void {
    this.#journal.markLeft(this, graceMs)
  }

  park(): void {
    this.#journal.park(this)
  }

  unpark(): Promise<boolean> {
    return this.#journal.unpark(this)
  }
}

/** How long a page that was robbed is remembered, in ms: longer than any page lives. */
const robbedMs = 90 * 86_400_000

/** What a write changes. Whether its page may come back is no part of that, so that neither waits for the other. */
const guardedStores = ['sessions', 'messages', 'robbed'] as const

/** The longest that a session is left alone for a page that may come back, in ms. */
const graceMsMax = 30_000

function unlessLost(error: unknown): void {
  if (!(error instanceof JournalError) || error.code !== 'journal-lost') throw error
}
