import type { IncomingMessage as HttpRequest, ServerResponse } from 'node:http'
import {
  type AnyContract,
  ArgumentError,
  closeCodes,
  earlyPrefix,
  JournalError,
  limits,
  type PeerFault,
  type ResetCode,
  subprotocol,
} from '@lastword/protocol'
import {
  checkFunction,
  checkInteger,
  checkObject,
  Emitter,
  platform,
  Session,
  type SessionCore,
} from '@lastword/session'
import type { Link, WsSocket } from '@lastword/transport'
import { createNodeLink, type NodeLinkOptions } from '@lastword/transport'
import { type AdapterOptions, type CheckedAdapterOptions, checkOptions } from './adapter-options.ts'
import { AdapterCounters, type AdapterStats } from './adapter-stats.ts'
import { Admission } from './admission.ts'
import { clientAddress } from './client-address.ts'
import { Door, type DoorHost, type Refusal } from './door.ts'
import { FirstEnds } from './first-ends.ts'
import { HttpDoor } from './http-door.ts'
import { KeptSessions } from './kept-sessions.ts'
import { closeAll, graceOf, leaveAll, type ShutdownReport } from './leave-taking.ts'
import { SessionTable } from './session-table.ts'
import { writeTogether } from './write-together.ts'

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

export type ConnectionHandler<Socket extends WsSocket = WsSocket> = (
  socket: Socket,
  request: HttpRequest,
) => void

/** Sessions on WebSocket servers that already exist. Made by `createAdapter()`. */
export class Adapter<C = AnyContract> {
  readonly #checked: CheckedAdapterOptions
  readonly #callbacks = new Set<(session: Session<C>, context: SessionContext) => unknown>()
  readonly #emitter = new Emitter<AdapterEvents>(platform)
  /** The doors of links that are not over. */
  readonly #doors = new Set<Door>()
  readonly #doorHost: DoorHost
  readonly #counters = new AdapterCounters()
  readonly #kept: KeptSessions | undefined
  readonly #table: SessionTable
  readonly #admission: Admission
  readonly #httpDoor: HttpDoor
  readonly #firstEnds = new FirstEnds()
  #shutdown: Promise<ShutdownReport> | undefined
  /** Shut down: no session is left that a link could resume. */
  #gone = false

  constructor(options: AdapterOptions<C>) {
    this.#checked = checkOptions(options as AdapterOptions)
    const { ttlMs, handOverMs } = this.#checked
    if (options.journal !== undefined) {
      this.#kept = new KeptSessions(options.journal, ttlMs, handOverMs + claimMarginMs)
    }
    const takesSessions = () => this.#shutdown === undefined
    this.#table = new SessionTable(options as AdapterOptions, this.#checked, this.#counters, {
      takesSessions,
      present: (core, { identity, request }, restored) =>
        this.#present(core, { identity, request, restored }),
    })
    this.#admission = new Admission(
      options as AdapterOptions,
      this.#checked,
      this.#table,
      this.#kept,
      takesSessions,
    )
    this.#doorHost = {
      helloTimeoutMs: this.#checked.helloTimeoutMs,
      frameBytesMax: this.maxPayload,
      admit: (arrival, link, request, address) => this.#admission.admit(arrival, link, request, address),
      onRefused: (refusal, request) => this.#onRefused(refusal, request),
      onEnd: (door, { endedFirst, clean }) => {
        this.#doors.delete(door)
        if (endedFirst && !clean) this.#firstEnds.unanswered(door.address, platform.now())
      },
    }
    this.#httpDoor = new HttpDoor(options as AdapterOptions, this.#checked, {
      onLink: (link, request, offered) => this.#receive(link, request, clientAddress(request), offered),
      onRefused: (refusal, request) => this.#onRefused(refusal, request),
    })
  }

  /** Sessions that exist now, with a link or waiting for one, or kept so that their clients can ask how they ended. */
  get sessionCount(): number {
    return this.#table.size
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
    return this.#counters.stats(this.#doors.size)
  }

  /**
   * For the `handleProtocols` option of a `WebSocketServer`: selects lastword where it is offered, else the first
   * protocol offered. Given the request too, as `ws` does, the answer to the upgrade and that to what came with it leave
   * in one write.
   */
  readonly handleProtocols = (protocols: Set<string>, request?: HttpRequest): string | false => {
    let selected: string | false = protocols.has(subprotocol) && subprotocol
    for (const protocol of protocols) {
      if (!protocol.startsWith(earlyPrefix)) selected ||= protocol
      else if (selected === subprotocol && request !== undefined) writeTogether(request.socket)
    }
    return selected
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
      if (socket.protocol === subprotocol) {
        // The session judges a frame's length itself, and counts it as a fault; memory is guarded by the server's `maxPayload`.
        const address = clientAddress(request)
        const endsFirst = this.#firstEnds.allowed(address, platform.now())
        const link = createNodeLink(socket, endsFirst ? linksThatEndFirst : linksThatWait, request.socket)
        this.#receive(link, request, address)
      } else if (existing !== undefined) existing(socket, request)
      else {
        // What such a client still does wrong must not end the process.
        socket.on('error', () => {})
        socket.close(1008, `this server speaks ${subprotocol} only`)
      }
    }
  }

  /**
   * For the `request` event of an HTTP server, whatever else listens for it: takes the requests of clients that cannot use
   * WebSockets (`fallback: polling`), and of pages that go away. It knows them by `lastword=poll` or `lastword=once` in
   * the query, on every path. False for all others, which it does not touch:
   *
   *     createServer((request, response) => adapter.request(request, response) || app(request, response))
   *
   * It must come before anything that reads bodies. `allowedOrigins` and `authenticate` hold as for WebSockets.
   */
  readonly request = (request: HttpRequest, response: ServerResponse): boolean =>
    this.#httpDoor.receive(request, response)

  /**
   * Ends every session in good order: no new ones are let in, each client is told that the server will go, and each
   * session is closed, which waits until both sides have handled everything. Those that are not done within the
   * deadline are ended with `shutdown`.
   *
   * With a journal sessions are not closed but left to it. A client that has a link is given half of `deadlineMs`, at
   * most 2 s, to move to another server that has the journal; its session goes on here until then, and the client notices
   * no gap. Clients spread their moves over a quarter of that time. Sessions that nobody has taken over by then, and those
   * without a link, are let go: handlers that are running finish, within the deadline, and the clients resume with
   * whichever server has that journal next. So clients that have nowhere to go make this take that much longer. Close the
   * journal behind it.
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
    for (const { core } of this.#table.open) core.away(afterMs, reason, location)
  }

  async #end(deadlineMs: number, location: string | undefined): Promise<ShutdownReport> {
    const entries = this.#table.open
    const report: ShutdownReport = { sessions: entries.length, clean: 0, moved: 0, unclean: [] }
    for (const door of this.#doors) door.goAway()
    const afterMs = this.#kept === undefined ? deadlineMs : graceOf(deadlineMs)
    for (const { core } of entries) core.away(afterMs, 'the server is shutting down', location)
    this.#kept?.stop()
    if (this.#kept === undefined) await closeAll(entries, deadlineMs, report)
    else await leaveAll(entries, deadlineMs, report, this.#table, this.#admission)
    // Those that were refused, or are being decided upon, and those of sessions that were over before.
    this.#gone = true
    // Links that come meanwhile are sent away, and waited for too; but a server that is still being called is not for ever.
    for (let round = 0; round < 3 && this.#doors.size > 0; round++) {
      const links = Array.from(this.#doors, ({ link }) => link)
      await Promise.all(links.map((link) => link.close(closeCodes.goingAway, 'the server has shut down')))
    }
    return report
  }

  #receive(link: Link, request: HttpRequest, address: string, offered?: readonly string[]): void {
    const door = new Door(link, address, this.#doorHost)
    this.#doors.add(door)
    door.open(request, offered)
    if (this.#gone) door.goAway()
  }

  #onRefused(refusal: PeerFault | Refusal, request: HttpRequest): void {
    const { code, message: reason, cause: error } = refusal
    this.#counters.refused(code)
    const heard = this.#emitter.emit('refused', { code, reason, request, error })
    if (!heard && (code === 'internal' || error instanceof JournalError)) platform.report(error)
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
}

/**
 * Makes an adapter: sessions on the WebSocket server that you already have.
 *
 * @throws ArgumentError for an option that cannot be used
 */
export function createAdapter<C = AnyContract>(options: AdapterOptions<C> = {}): Adapter<C> {
  return new Adapter<C>(options)
}

// One object for each kind of link, not for each link.
const linksThatEndFirst: NodeLinkOptions = { endsFirst: true }
const linksThatWait: NodeLinkOptions = { endsFirst: false }

const shutdownMs = 10_000
/** How much longer whoever wants a session waits than its holder may take, who has then let it go by itself. */
const claimMarginMs = 500

/** @throws ArgumentError */
function checkLocation(location: unknown): void {
  if (location === undefined) return
  const remedy = 'Give the URL of another server, or a path on this one.'
  if (typeof location !== 'string' || location === '' || location.length > limits.locationCharsMax) {
    throw new ArgumentError(`location is no string of 1 to ${limits.locationCharsMax} characters`, remedy)
  }
  try {
    // Clients take it against their own address: what is relative needs some address here.
    new URL(location, 'wss://server.invalid/')
  } catch {
    throw new ArgumentError(`the location ${JSON.stringify(location)} is not a URL`, remedy)
  }
}
