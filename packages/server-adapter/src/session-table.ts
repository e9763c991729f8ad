import type { IncomingMessage as HttpRequest } from 'node:http'
import { ArgumentError, type CloseReport, type Contract } from '@lastword/protocol'
import {
  Alarms,
  type KeptSession,
  type Platform,
  platform,
  SessionCore,
  type SessionState,
} from '@lastword/session'
import type { AdapterOptions, CheckedAdapterOptions } from './adapter-options.ts'
import type { AdapterCounters } from './adapter-stats.ts'
import type { SharedConfig } from './core-config.ts'
import { type Arrival, Refusal } from './door.ts'
import { sameSecret } from './same-secret.ts'
import { Entry, type EntryHost } from './session-entry.ts'
import { SessionShares } from './session-shares.ts'

/** A link that wants a session, and who is behind it. */
export interface Opening {
  arrival: Arrival
  identity: string
  request: HttpRequest
  address: string
}

/** What the table tells of the sessions that it makes. */
export interface SessionTableHost {
  /** False once the server is shutting down. */
  takesSessions(): boolean
  /** The application attaches its handlers. */
  present(core: SessionCore, opening: Opening, restored: boolean): void
}

/** The sessions of an adapter, by id: those that go on, and those that are over and kept for their clients. */
export class SessionTable implements EntryHost {
  readonly #options: AdapterOptions
  readonly #checked: CheckedAdapterOptions
  readonly #counters: AdapterCounters
  readonly #host: SessionTableHost
  readonly #sessions = new Map<string, Entry>()
  /** Sessions that are over and kept for their clients, the oldest first. */
  readonly #ended = new Set<Entry>()
  readonly #shares: SessionShares<Entry>
  /** Sessions that the journal is making. */
  #reserved = 0
  readonly #config: SharedConfig
  readonly #platform: Platform = { ...platform, alarms: new Alarms(platform) }

  constructor(
    options: AdapterOptions,
    checked: CheckedAdapterOptions,
    counters: AdapterCounters,
    host: SessionTableHost,
  ) {
    this.#options = options
    this.#checked = checked
    this.#counters = counters
    this.#host = host
    this.#shares = new SessionShares(checked.sessionsPerIdentityMax)
    const journaled = options.journal !== undefined
    this.#config = { options: checked, total: counters.traffic, journaled }
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Every session, also those that are over. */
  get all(): Entry[] {
    return [...this.#sessions.values()]
  }

  /** Those that go on. */
  get open(): Entry[] {
    return this.all.filter(({ core }) => !core.ended)
  }

  /** @throws Refusal if the session exists and has another key */
  find(sid: string, key: string): Entry | undefined {
    const entry = this.#sessions.get(sid)
    if (entry !== undefined && !sameSecret(entry.key, key)) {
      throw new Refusal('key-mismatch', 'the session has another key')
    }
    return entry
  }

  /** The session with this id, whoever asks. */
  at(sid: string): Entry | undefined {
    return this.#sessions.get(sid)
  }

  /** Whose share of the sessions one is. */
  #holderOf(identity: string, request: HttpRequest, address: string): string {
    if (identity !== '') return `identity ${identity}`
    const { addressOf } = this.#options
    const counted = addressOf === undefined ? address : addressOf(request)
    if (typeof counted === 'string') return `address ${counted}`
    throw new ArgumentError(`addressOf returned a value of type ${typeof counted}`, 'Return a string.')
  }

  /** @throws Refusal if no session may be made for this link */
  create(opening: Opening): Entry {
    this.#checkRoom(opening)
    return this.make(opening, undefined, false)
  }

  /** @throws Refusal if no session may be made for this link */
  #checkRoom({ arrival, identity, request, address }: Opening): void {
    if (!arrival.hello.fresh) throw new Refusal('session-unknown', 'there is no such session here (any more)')
    if (!this.#host.takesSessions()) throw new Refusal('shutdown', 'the server is shutting down')
    if (!this.#shares.hasRoom(this.#holderOf(identity, request, address))) {
      throw new Refusal('identity-full', 'the server has as many sessions of this client as it will keep')
    }
    if (this.#sessions.size - this.#ended.size + this.#reserved >= this.#checked.sessionsMax) {
      throw new Refusal('sessions-full', 'the server has as many sessions as it will keep')
    }
  }

  /**
   * Keeps room for a session while the journal makes it: those that ask at the same time would else all find the same
   * room. Returns what gives it up, once the session is there or is not to be had.
   *
   * @throws Refusal if there is none
   */
  reserve(opening: Opening): () => void {
    this.#checkRoom(opening)
    const holder = this.#holderOf(opening.identity, opening.request, opening.address)
    this.#shares.begin(holder)
    this.#reserved++
    return () => {
      this.#shares.cancel(holder)
      this.#reserved--
    }
  }

  /** `kept`: where its journal has it, and what it goes on from if it is `restored`. */
  make(opening: Opening, kept: KeptSession | undefined, restored: boolean): Entry {
    const {
      arrival: { hello },
      identity,
      request,
      address,
    } = opening
    const holder = this.#holderOf(identity, request, address)
    const entry = new Entry(hello.sid, hello.key, identity, this.#config, this)
    const core = new SessionCore(
      entry,
      this.#options as AdapterOptions<Contract>,
      this.#platform,
      entry,
      kept,
    )
    entry.core = core
    entry.holder = this.#shares.begin(holder)
    this.#sessions.set(hello.sid, entry)
    this.#counters.made(entry, core.state)
    kept?.journal.onWanted(() => {
      const leftMs = (entry.leaveBy ?? Number.POSITIVE_INFINITY) - platform.now()
      void core.handOver(Math.max(0, Math.min(this.#checked.handOverMs, leftMs)), true)
      entry.onFree?.()
    })
    // One that was over already only waits for its client to ask.
    if (kept?.snapshot?.state.ended === undefined) this.#host.present(core, opening, restored)
    if (kept !== undefined) core.begin()
    return entry
  }

  onState(entry: Entry, state: SessionState): void {
    this.#counters.moved(entry, state)
  }

  onReleased(entry: Entry): void {
    this.#forget(entry)
  }

  /** It makes room for a new one, and is kept while there is room for it among those that are over. */
  onClosed(entry: Entry, { code }: CloseReport): void {
    this.#ended.add(entry)
    this.#counters.ended(code)
    // Whoever opens and ends many drives out what is kept of its own sessions, not of others'.
    const own = this.#shares.end(entry.holder, entry)
    if (own !== undefined) this.#driveOut(own)
    if (this.#ended.size <= this.#checked.sessionsMax) return
    const [oldest] = this.#ended
    if (oldest !== undefined) this.#driveOut(oldest)
  }

  /** There is no room for it: nothing of it is kept, here or in the journal, however long its client might still ask. */
  #driveOut(entry: Entry): void {
    entry.core.forget()
    this.#forget(entry)
  }

  #forget(entry: Entry): void {
    this.#ended.delete(entry)
    this.#counters.gone(entry)
    this.#shares.forget(entry.holder, entry)
    // Its client may have begun anew under the same id, after this one was forgotten for want of room.
    if (this.#sessions.get(entry.sid) === entry) this.#sessions.delete(entry.sid)
    entry.letGo()
  }
}
