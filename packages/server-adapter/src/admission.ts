import type { IncomingMessage as HttpRequest } from 'node:http'
import { ArgumentError, PeerFault } from '@lastword/protocol'
import type { KeptSession } from '@lastword/session'
import type { Link, LinkEvents } from '@lastword/transport'
import type { AdapterOptions, CheckedAdapterOptions } from './adapter-options.ts'
import { type Arrival, Refusal } from './door.ts'
import type { KeptSessions } from './kept-sessions.ts'
import { originAllowed } from './origins.ts'
import { sameSecret } from './same-secret.ts'
import type { Entry } from './session-entry.ts'
import type { Opening, SessionTable } from './session-table.ts'

/** Who may have which session: looks at a link that has said `hello`, and finds, fetches or makes its session. */
export class Admission {
  readonly #options: AdapterOptions
  readonly #checked: CheckedAdapterOptions
  readonly #table: SessionTable
  readonly #kept: KeptSessions | undefined
  readonly #takesSessions: () => boolean
  /** Sessions that are being taken from the journal, or made in it. */
  readonly #opening = new Map<string, Promise<Entry>>()

  constructor(
    options: AdapterOptions,
    checked: CheckedAdapterOptions,
    table: SessionTable,
    kept: KeptSessions | undefined,
    takesSessions: () => boolean,
  ) {
    this.#options = options
    this.#checked = checked
    this.#table = table
    this.#kept = kept
    this.#takesSessions = takesSessions
  }

  /** Resolves when nothing is being taken from the journal, or made in it. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
  }

  /** @throws Refusal, PeerFault, at once or by the promise */
  admit(
    arrival: Arrival,
    link: Link,
    request: HttpRequest,
    address: string,
  ): LinkEvents | Promise<LinkEvents> {
    this.#checkOrigin(request)
    const entry = this.#table.find(arrival.hello.sid, arrival.hello.key)
    const asksNobody = this.#options.authenticate === undefined && this.#kept === undefined
    if (!asksNobody || entry?.core.leaving !== undefined) {
      return this.#admitOnceAsked(arrival, link, request, address)
    }
    try {
      const mine = entry ?? this.#table.create({ arrival, identity: '', request, address })
      return this.#letIn(mine, '', arrival, link)
    } catch (error) {
      throw this.#withGot(error, arrival, entry !== undefined)
    }
  }

  /** @throws Refusal */
  #letIn(entry: Entry, identity: string, { hello, rest, bytes }: Arrival, link: Link): LinkEvents {
    if (entry.identity !== identity)
      throw new Refusal('identity-mismatch', 'the session belongs to somebody else')
    return entry.core.accept(link, hello, rest, bytes)
  }

  async #admitOnceAsked(
    arrival: Arrival,
    link: Link,
    request: HttpRequest,
    address: string,
  ): Promise<LinkEvents> {
    const { hello } = arrival
    let known = this.#table.find(hello.sid, hello.key) !== undefined
    if (!known && this.#kept !== undefined) {
      const { sid, key } = hello
      known = (await this.#fromJournal(this.#kept.find(sid, key))) !== undefined
    }
    try {
      const identity = await this.#authenticate(hello, request, known)
      // It may have been opened, or forgotten, while `authenticate` was thinking.
      const entry = await this.#entryFor({ arrival, identity, request, address })
      return this.#letIn(entry, identity, arrival, link)
    } catch (error) {
      throw this.#withGot(error, arrival, known)
    }
  }

  /** Whoever has the session's key is told of a refusal what of it is here. */
  #withGot(error: unknown, { hello }: Arrival, known: boolean): unknown {
    const entry = this.#table.at(hello.sid)
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
      const entry = this.#table.find(sid, key)
      const { leaving } = entry?.core ?? {}
      if (entry !== undefined && leaving === undefined) return entry
      const underWay = leaving ?? this.#opening.get(sid)
      if (underWay !== undefined) await underWay.catch(() => {})
      else if (this.#kept === undefined) return this.#table.create(opening)
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
    if (!this.#takesSessions()) throw goingAway()
    for (;;) {
      const record = await kept.find(sid, key)
      if (record === undefined) {
        const free = this.#table.reserve(opening)
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
      if (!this.#takesSessions()) throw goingAway()
      entry = this.#table.make(opening, session, restored)
    } catch (error) {
      await (restored ? session.journal.release() : session.journal.remove())
      throw error
    }
    if (this.#table.find(entry.sid, entry.key) === entry) return entry
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

  #checkOrigin(request: HttpRequest): void {
    if (originAllowed(this.#options.allowedOrigins, request)) return
    const { origin } = request.headers
    throw new Refusal('origin-forbidden', `pages of ${origin} may not open sessions here`)
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
}

function goingAway(): PeerFault {
  return new PeerFault('goingAway', 'the server is shutting down')
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
