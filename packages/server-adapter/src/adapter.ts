import type { IncomingMessage as HttpRequest } from 'node:http'
import {
  type AnyContract,
  ArgumentError,
  type CloseReport,
  type Contract,
  closeCodes,
  defaults,
  earlyPrefix,
  JournalError,
  limits,
  PeerFault,
  type ResetCode,
  subprotocol,
} from '@lastword/protocol'
import {
  atMost,
  checkFunction,
  checkInteger,
  checkObject,
  Emitter,
  type KeptSession,
  platform,
  Session,
  SessionCore,
} from '@lastword/session'
import type { Link, LinkEvents, WsSocket } from '@lastword/transport'
import { createNodeLink } from '@lastword/transport'
import { nanoid } from 'nanoid'
import { type AdapterOptions, type CheckedAdapterOptions, checkOptions } from './adapter-options.ts'
import { AdapterCounters, type AdapterStats, type Counted } from './adapter-stats.ts'
import { clientAddress } from './client-address.ts'
import { type Arrival, type LinkDoor, Refusal, receiveLink } from './door.ts'
import { KeptSessions } from './kept-sessions.ts'
import { sameSecret } from './same-secret.ts'
import { SessionShares } from './session-shares.ts'

/** A link that was not let in: which code it was told, and why. */
export interface RefusedLink {
  /** Name of the close code, or of the reset. */
  code: PeerFault['code'] | ResetCode
  reason: string
  request: HttpRequest
  /** What `authenticate` or the check of the origin threw, or did wrong. The client is not told. */
  error: unknown
}

export interface AdapterEvents {
  /** A link was refused before it reached a session. */
  refused: RefusedLink
}

/** What `onSession` callbacks are given besides the session. */
export interface SessionContext {
  /** What `authenticate` returned; empty without it. */
  identity: string
  /** The upgrade request of the link that opened the session, or brought it here. */
  request: HttpRequest
  /** True if the session comes from the journal: it was opened in another process, or by another adapter. */
  restored: boolean
}

/** What became of the sessions when the server went. */
export interface ShutdownReport {
  /** Sessions that were going on when it began. */
  sessions: number
  /** Of those, the ones that ended with everything handled. */
  clean: number
  /** Of those, the ones that go on: they are left to the journal, for whoever their clients come to next. */
  moved: number
  /** The reports of all others, by session id. */
  unclean: Array<{ sessionId: string; report: CloseReport }>
}

export type ConnectionHandler<Socket extends WsSocket = WsSocket> = (
  socket: Socket,
  request: HttpRequest,
) => void

/** Sessions on WebSocket servers that already exist. Made by `createAdapter()`. */
export class Adapter<C = AnyContract> {
  readonly #options: AdapterOptions<C>
  readonly #checked: CheckedAdapterOptions
  readonly #sessions = new Map<string, Entry>()
  readonly #callbacks = new Set<(session: Session<C>, context: SessionContext) => unknown>()
  readonly #emitter = new Emitter<AdapterEvents>((error) => platform.report(error))
  /** Links that are not over, each with its door. */
  readonly #links = new Map<Link, LinkDoor>()
  /** Sessions that are over and kept for their clients, the oldest first. */
  readonly #ended = new Set<Entry>()
  readonly #counters = new AdapterCounters()
  readonly #shares: SessionShares<Entry>
  /** Sessions that the journal is making. */
  #reserved = 0
  readonly #kept: KeptSessions | undefined
  /** Sessions that are being taken from the journal, or made in it. */
  readonly #opening = new Map<string, Promise<Entry>>()
  #shutdown: Promise<ShutdownReport> | undefined
  /** Shut down: no session is left that a link could resume. */
  #gone = false

  constructor(options: AdapterOptions<C>) {
    this.#options = options
    this.#checked = checkOptions(options as AdapterOptions)
    this.#shares = new SessionShares(this.#checked.sessionsPerIdentityMax)
    const { ttlMs, handOverMs } = this.#checked
    if (options.journal === undefined) return
    this.#kept = new KeptSessions(options.journal, ttlMs, handOverMs + claimMarginMs)
  }

  /** Sessions that exist now, with a link or waiting for one, or kept so that their clients can ask how they ended. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /**
   * For the `maxPayload` option of a `WebSocketServer`: the longest frame that `maxBytes` lets a client send. Without
   * it `ws` takes up to 100 MiB in one frame, and inflates as much, before this adapter can refuse it.
   */
  get maxPayload(): number {
    return this.#checked.maxBytes + limits.frameOverheadBytes
  }

  /** Sessions by their state, links, what went over them, refusals. Counters, no scan: ask as often as you like. */
  stats(): AdapterStats {
    return this.#counters.stats(this.#links.size)
  }

  /**
   * For the `handleProtocols` option of a `WebSocketServer`: selects lastword where it is offered, else the first
   * protocol offered.
   */
  readonly handleProtocols = (protocols: Set<string>): string | false => {
    if (protocols.has(subprotocol)) return subprotocol
    for (const protocol of protocols) if (!protocol.startsWith(earlyPrefix)) return protocol
    return false
  }

  /**
   * Calls back for each new session, before anything that it received is given out: attach handlers here. It is not
   * called again when the session resumes, unless it comes from the journal (`restored`). Returns what takes the callback off again.
   */
  onSession(callback: (session: Session<C>, context: SessionContext) => unknown): () => void {
    checkFunction('the callback of onSession', callback, 'Pass (session, { identity, request }) => ….')
    this.#callbacks.add(callback)
    return () => this.#callbacks.delete(callback)
  }

  on<E extends keyof AdapterEvents & string>(
    event: E,
    listener: (value: AdapterEvents[E]) => unknown,
  ): () => void {
    if (event !== 'refused') {
      throw new ArgumentError(`there is no event "${String(event)}"`, "There is 'refused'.")
    }
    checkFunction(`the listener of "${event}"`, listener, 'Pass the event first, then the function.')
    return this.#emitter.on(event, listener)
  }

  /**
   * The listener for the `connection` event of a `ws` server. Clients that speak lastword get a session; all others
   * reach `existing` as before, or are closed with 1008 if there is none.
   */
  connection<Socket extends WsSocket>(existing?: ConnectionHandler<Socket>): ConnectionHandler<Socket> {
    if (existing !== undefined) {
      checkFunction('the existing handler', existing, 'Pass (socket, request) => …, or nothing.')
    }
    return (socket, request) => {
      if (socket.protocol === subprotocol) this.#receive(socket, request)
      else if (existing !== undefined) existing(socket, request)
      else {
        // What such a client still does wrong must not end the process.
        socket.on('error', () => {})
        socket.close(1008, `this server speaks ${subprotocol} only`)
      }
    }
  }

  /**
   * Ends every session in good order: no new ones are let in, each client is told that the server will go, and each
   * session is closed, which waits until both sides have handled everything. Those that are not done within the
   * deadline are ended with `shutdown`.
   *
   * With a journal sessions are not closed but left to it: handlers that are running finish, within the deadline, and
   * the clients resume with whichever server has that journal next. Close the journal behind that.
   *
   * Resolves when every connection has ended: a `process.exit()` after that loses nothing. Calling it again gives the
   * same promise. `location`: where clients are asked to go, see `away()`. `deadlineMs`: 10000 if it is not given.
   */
  shutdown(options: { deadlineMs?: number; location?: string } = {}): Promise<ShutdownReport> {
    checkObject('the options', options, 'Pass { deadlineMs, location }, or nothing.')
    const { deadlineMs = shutdownMs, location } = options
    checkInteger('deadlineMs', deadlineMs, 0, limits.timerMsMax)
    checkLocation(location)
    this.#shutdown ??= this.#end(deadlineMs, location)
    return this.#shutdown
  }

  /**
   * Asks every client that has a link to open another one, at `location` (a URL, absolute or relative to its own) or
   * where it is, within `afterMs`. A client that follows moves before it leaves: what is under way goes on. Nothing is
   * closed, and no client has to follow; a server that really goes calls `shutdown()`.
   */
  away(options: { afterMs: number; location?: string; reason?: string }): void {
    checkObject('the options', options, 'Pass { afterMs, location, reason }.')
    const { afterMs, location, reason } = options
    checkInteger('afterMs', afterMs, 0, limits.timerMsMax)
    checkLocation(location)
    for (const { core } of this.#sessions.values()) if (!core.ended) core.away(afterMs, reason, location)
  }

  async #end(deadlineMs: number, location: string | undefined): Promise<ShutdownReport> {
    const entries = [...this.#sessions.values()].filter(({ core }) => !core.ended)
    const report: ShutdownReport = { sessions: entries.length, clean: 0, moved: 0, unclean: [] }
    for (const door of this.#links.values()) door.goAway()
    for (const { core } of entries) core.away(deadlineMs, 'the server is shutting down', location)
    if (this.#kept === undefined) await this.#closeAll(entries, deadlineMs, report)
    else await this.#leaveAll(entries, deadlineMs, report)
    // Those that were refused, or are being decided upon, and those of sessions that were over before.
    this.#gone = true
    // Links that come meanwhile are sent away, and waited for too; but a server that is still being called is not for ever.
    for (let round = 0; round < 3 && this.#links.size > 0; round++) {
      const links = [...this.#links.keys()]
      await Promise.all(links.map((link) => link.close(closeCodes.goingAway, 'the server has shut down')))
    }
    return report
  }

  async #closeAll(entries: Entry[], deadlineMs: number, report: ShutdownReport): Promise<void> {
    const timer = setTimeout(() => {
      for (const { core } of entries) core.abort('shutdown', 'the server has shut down')
    }, deadlineMs)
    await Promise.all(
      entries.map(async ({ core }) => {
        // The timer above is what bounds it, so that all of them end for the same reason.
        const closed = await core.close({ timeoutMs: Number.POSITIVE_INFINITY })
        if (closed.clean) report.clean++
        else report.unclean.push({ sessionId: core.sid, report: closed })
      }),
    )
    clearTimeout(timer)
  }

  async #leaveAll(entries: Entry[], deadlineMs: number, report: ShutdownReport): Promise<void> {
    this.#kept?.stop()
    await Promise.all(
      entries.map(async ({ core }) => {
        await core.handOver(deadlineMs)
        const closed = await core.closed
        if (closed.clean) report.clean++
        else if (closed.code === 'superseded') report.moved++
        else report.unclean.push({ sessionId: core.sid, report: closed })
      }),
    )
    // One that comes out of the journal later finds the server shut down, and is left there.
    await atMost(platform, defaults.lingerMs, Promise.allSettled(this.#opening.values()))
    // Those that are over wait in the journal for their clients to ask.
    await Promise.all([...this.#sessions.values()].map(({ core }) => core.handOver(0)))
  }

  #receive(socket: WsSocket, request: HttpRequest): void {
    // Asked now: the address of a connection that has ended is not to be had.
    const address = clientAddress(request)
    // The session judges a frame's length itself, and counts it as a fault; memory is guarded by the server's `maxPayload`.
    const link = createNodeLink(socket, { rawSocket: request.socket })
    const door = receiveLink(
      link,
      request,
      { helloTimeoutMs: this.#checked.helloTimeoutMs, frameBytesMax: this.maxPayload },
      {
        admit: (arrival) => this.#admit(arrival, link, request, address),
        onRefused: (refusal) => this.#onRefused(refusal, request),
        onEnd: () => this.#links.delete(link),
      },
    )
    this.#links.set(link, door)
    if (this.#gone) door.goAway()
  }

  #onRefused(refusal: PeerFault | Refusal, request: HttpRequest): void {
    const { code, message: reason, cause: error } = refusal
    this.#counters.refused(code)
    const heard = this.#emitter.emit('refused', { code, reason, request, error })
    if (!heard && (code === 'internal' || error instanceof JournalError)) platform.report(error)
  }

  async #admit(arrival: Arrival, link: Link, request: HttpRequest, address: string): Promise<LinkEvents> {
    const { hello } = arrival
    this.#checkOrigin(request)
    let known = this.#find(hello.sid, hello.key) !== undefined
    if (!known && this.#kept !== undefined) {
      const { sid, key } = hello
      known = (await this.#fromJournal(this.#kept.find(sid, key))) !== undefined
    }
    try {
      const identity = await this.#authenticate(hello, request, known)
      // It may have been opened, or forgotten, while `authenticate` was thinking.
      const entry = await this.#entryFor({ arrival, identity, request, address })
      if (entry.identity !== identity)
        throw new Refusal('identity-mismatch', 'the session belongs to somebody else')
      return entry.core.accept(link, hello, arrival.rest, arrival.bytes)
    } catch (error) {
      throw this.#withGot(error, arrival, known)
    }
  }

  /** Whoever has the session's key is told of a refusal what of it is here. */
  #withGot(error: unknown, { hello }: Arrival, known: boolean): unknown {
    const entry = this.#sessions.get(hello.sid)
    if (!(error instanceof Refusal) || error.code === 'key-mismatch') return error
    if (entry !== undefined && sameSecret(entry.key, hello.key)) error.got = entry.core.got
    // The journal has it, and is not asked for more.
    else if (known || error.code === 'identity-mismatch') error.got = 0
    return error
  }

  /** The session that a link may have: one that is here, or comes from the journal, or is made for it. */
  async #entryFor(opening: Opening): Promise<Entry> {
    const { sid, key } = opening.arrival.hello
    for (;;) {
      const entry = this.#find(sid, key)
      const { leaving } = entry?.core ?? {}
      if (entry !== undefined && leaving === undefined) return entry
      const underWay = leaving ?? this.#opening.get(sid)
      if (underWay !== undefined) await underWay.catch(() => {})
      else if (this.#kept === undefined) return this.#create(opening)
      else {
        const made = this.#fromJournal(this.#openKept(this.#kept, opening))
        this.#opening.set(sid, made)
        return made.finally(() => this.#opening.delete(sid))
      }
    }
  }

  /** Takes the session from the journal, or makes it there. */
  async #openKept(kept: KeptSessions, opening: Opening): Promise<Entry> {
    const { sid, key } = opening.arrival.hello
    // A session that another server may have is not ended for that this one goes.
    if (this.#shutdown !== undefined) throw goingAway()
    for (;;) {
      const record = await kept.find(sid, key)
      if (record === undefined) {
        const free = this.#reserve(opening)
        try {
          const journal = await kept.create(sid, key, opening.identity)
          if (journal !== undefined) return await this.#makeKept(opening, { journal }, false)
        } finally {
          free()
        }
      } else {
        if (record.identity !== opening.identity) {
          throw new Refusal('identity-mismatch', 'the session belongs to somebody else')
        }
        const session = await kept.claim(sid)
        if (session !== undefined) return this.#makeKept(opening, session, true)
      }
      // It was made, or has ended, meanwhile.
    }
  }

  /** What cannot be made is left to the journal as it was. */
  async #makeKept(opening: Opening, session: KeptSession, restored: boolean): Promise<Entry> {
    let entry: Entry
    try {
      if (this.#shutdown !== undefined) throw goingAway()
      entry = this.#make(opening, session, restored)
    } catch (error) {
      await (restored ? session.journal.release() : session.journal.remove())
      throw error
    }
    if (this.#find(entry.core.sid, entry.key) === entry) return entry
    // It was over, and nobody could ask for it any more: the journal is forgetting it.
    throw new Refusal('session-unknown', 'there is no such session here (any more)')
  }

  /** A journal that fails refuses nobody: the client tries again. */
  async #fromJournal<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (error instanceof Refusal || error instanceof PeerFault) throw error
      const fault = new PeerFault('goingAway', 'the session cannot be had here now')
      fault.cause = error
      throw fault
    }
  }

  /** @throws Refusal if the session exists and has another key */
  #find(sid: string, key: string): Entry | undefined {
    const entry = this.#sessions.get(sid)
    if (entry !== undefined && !sameSecret(entry.key, key)) {
      throw new Refusal('key-mismatch', 'the session has another key')
    }
    return entry
  }

  #checkOrigin(request: HttpRequest): void {
    const { allowedOrigins } = this.#options
    if (allowedOrigins === undefined) return
    const { origin } = request.headers
    const allowed =
      typeof allowedOrigins === 'function'
        ? // A promise, from a function that should not be async, allows nobody.
          allowedOrigins(origin, request) === true
        : origin === undefined || allowedOrigins.includes(origin)
    if (!allowed) throw new Refusal('origin-forbidden', `pages of ${origin} may not open sessions here`)
  }

  async #authenticate(hello: Arrival['hello'], request: HttpRequest, resuming: boolean): Promise<string> {
    const { authenticate } = this.#options
    if (authenticate === undefined) return ''
    const context = { auth: hello.auth, request, sessionId: hello.sid, resuming }
    let identity: string | false
    let cause: unknown
    try {
      identity = await within(this.#checked.authenticateTimeoutMs, async () => authenticate(context))
      if (typeof identity !== 'string' && identity !== false) {
        const remedy = 'Return who is there as a string, or false.'
        cause = new ArgumentError(`authenticate returned a value of type ${typeof identity}`, remedy)
      }
    } catch (error) {
      // A server that is too slow has refused nobody: the client tries again, and loses nothing meanwhile.
      if (error instanceof TookTooLong)
        throw new PeerFault('helloTimeout', `authenticate was ${error.message}`)
      // Why is the server's own business: what it throws may hold what nobody else should see.
      identity = false
      cause = error
    }
    if (typeof identity === 'string') return identity
    throw new Refusal('unauthorized', 'the server does not accept these credentials', cause)
  }

  /** Whose share of the sessions one is. */
  #holderOf(identity: string, request: HttpRequest, address: string): string {
    if (identity !== '') return `identity ${identity}`
    const { addressOf } = this.#options
    const counted = addressOf === undefined ? address : addressOf(request)
    if (typeof counted === 'string') return `address ${counted}`
    throw new ArgumentError(`addressOf returned a value of type ${typeof counted}`, 'Return a string.')
  }

  #create(opening: Opening): Entry {
    this.#checkRoom(opening)
    return this.#make(opening, undefined, false)
  }

  /** @throws Refusal if no session may be made for this link */
  #checkRoom({ arrival, identity, request, address }: Opening): void {
    if (!arrival.hello.fresh) throw new Refusal('session-unknown', 'there is no such session here (any more)')
    if (this.#shutdown !== undefined) throw new Refusal('shutdown', 'the server is shutting down')
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
  #reserve(opening: Opening): () => void {
    this.#checkRoom(opening)
    const holder = this.#holderOf(opening.identity, opening.request, opening.address)
    this.#shares.begin(holder)
    this.#reserved++
    return () => {
      this.#shares.cancel(holder)
      this.#reserved--
    }
  }

  #make(
    { arrival: { hello }, identity, request, address }: Opening,
    kept: KeptSession | undefined,
    restored: boolean,
  ): Entry {
    const { window, maxBytes, keepaliveMs, ttlMs } = this.#checked
    // One that was being closed tells of it while it is made.
    const counted: Counted = { countedAs: undefined }
    const core = new SessionCore(
      {
        role: 'server',
        sid: hello.sid,
        key: hello.key,
        idPrefix: nanoid(10),
        window,
        maxBytes,
        keepaliveMs,
        ttlMs,
        welcomeTimeoutMs: defaults.helloTimeoutMs,
        total: this.#counters.traffic,
      },
      this.#options as AdapterOptions<Contract>,
      platform,
      {
        onLinkEnd: () => {},
        onReleased: () => this.#forget(entry),
        onState: (state) => this.#counters.moved(counted, state),
      },
      kept,
    )
    const holder = this.#holderOf(identity, request, address)
    const entry: Entry = { core, key: hello.key, identity, holder, counted }
    this.#sessions.set(hello.sid, entry)
    this.#shares.begin(holder)
    this.#counters.made(counted, core.state)
    core.emitter.on('closed', (report) => this.#onEnded(entry, report))
    kept?.journal.onWanted(() => void core.handOver(this.#checked.handOverMs))
    // One that was over already only waits for its client to ask.
    if (kept?.snapshot?.state.ended === undefined) this.#present(core, { identity, request, restored })
    if (kept !== undefined) core.begin()
    return entry
  }

  /** Shows a session to the application, which attaches its handlers. */
  #present(core: SessionCore, context: SessionContext): void {
    const session = new Session<C>(core)
    for (const callback of this.#callbacks) {
      try {
        const result = callback(session, context) as PromiseLike<unknown> | undefined
        if (typeof result?.then === 'function') result.then(undefined, (error) => platform.report(error))
      } catch (error) {
        platform.report(error)
      }
    }
  }

  /** It makes room for a new one, and is kept while there is room for it among those that are over. */
  #onEnded(entry: Entry, { code }: CloseReport): void {
    this.#ended.add(entry)
    this.#counters.ended(code)
    // Whoever opens and ends many drives out what is kept of its own sessions, not of others'.
    const own = this.#shares.end(entry.holder, entry)
    if (own !== undefined) this.#forget(own)
    const [oldest] = this.#ended
    if (oldest !== undefined && this.#ended.size > this.#checked.sessionsMax) this.#forget(oldest)
  }

  #forget(entry: Entry): void {
    this.#ended.delete(entry)
    this.#counters.gone(entry.counted)
    this.#shares.forget(entry.holder, entry)
    // Its client may have begun anew under the same id, after this one was forgotten for want of room.
    if (this.#sessions.get(entry.core.sid) === entry) this.#sessions.delete(entry.core.sid)
  }
}

/**
 * Makes an adapter: sessions on the WebSocket server that you already have.
 *
 * @throws ArgumentError for an option that cannot be used
 */
export function createAdapter<C = AnyContract>(options: AdapterOptions<C> = {}): Adapter<C> {
  return new Adapter<C>(options)
}

/** A link that wants a session, and who is behind it. */
interface Opening {
  arrival: Arrival
  identity: string
  request: HttpRequest
  address: string
}

interface Entry {
  core: SessionCore
  key: string
  identity: string
  /** Whose share it counts to. */
  holder: string
  counted: Counted
}

function goingAway(): PeerFault {
  return new PeerFault('goingAway', 'the server is shutting down')
}

const shutdownMs = 10_000
/** How much longer whoever wants a session waits than its holder may take, who has then let it go by itself. */
const claimMarginMs = 500

/** @throws ArgumentError */
function checkLocation(location: unknown): void {
  if (location === undefined) return
  if (typeof location === 'string' && location !== '' && location.length <= limits.locationCharsMax) return
  throw new ArgumentError(
    `location is no string of 1 to ${limits.locationCharsMax} characters`,
    'Give the URL of another server, or a path on this one.',
  )
}

class TookTooLong extends Error {}

function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TookTooLong(`not done within ${ms} ms`)), ms)
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
