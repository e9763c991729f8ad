import { JournalError, limits } from '@lastword/protocol'
import { type LostSession, platform, Session } from '@lastword/session'
import type { PageClaim, PageJournal } from '@lastword/session/journal-indexeddb'
import type { ConnectOptions } from '../connect-options.ts'
import type { Connector } from '../connector.ts'
import type { TakenSession } from '../journaled.ts'
import { KeptClient } from './kept-client.ts'

/** What the sessions of other pages are finished with. */
export interface OrphansHost {
  journal: PageJournal
  /** The session of this page. */
  session: Session
  options: ConnectOptions
  make(kept: TakenSession, options: ConnectOptions): Connector
  onError(error: unknown): void
}

/**
 * Sessions of pages that are gone, which this page finishes for them: it delivers what is left in them, and closes them.
 * It waits for those that other pages still have, so that it has them in the moment in which such a page dies.
 */
export class Orphans {
  /** Those that are being finished. */
  readonly clients = new Set<KeptClient>()
  readonly #host: OrphansHost
  readonly #watched = new Set<string>()
  /** Those that are to be finished. */
  readonly #queue: PageClaim[] = []
  #stop = new AbortController()

  constructor(host: OrphansHost) {
    this.#host = host
  }

  /** Finishes this session as soon as no page has it. */
  watch(sid: string): void {
    if (ownSessions.has(sid) || this.#watched.has(sid)) return
    this.#watched.add(sid)
    void this.#wait(sid, this.#stop.signal)
  }

  /** Delivers what is left in a session, and closes it: when there are not too many that this is done with. */
  finish(claim: PageClaim): void {
    this.#queue.push(claim)
    this.#next()
  }

  /** Waits for no more sessions; those that are being finished go on. */
  stop(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#watched.clear()
    for (const { journal } of this.#queue.splice(0)) void journal.release().catch(() => {})
  }

  #next(): void {
    if (this.clients.size >= clientsMax) return
    const claim = this.#queue.shift()
    if (claim === undefined) return
    const { record, snapshot, journal } = claim
    const { session: own, options } = this.#host
    const onSessionLost = options.onSessionLost ?? ((lost: LostSession<unknown>) => sendAgain(lost, own))
    const { signal: _, ...rest } = options
    const kept = { record, snapshot, journal }
    const connector = this.#host.make(kept, { ...rest, onSessionLost } as ConnectOptions)
    const session = new Session(connector.core)
    session.on('error', (error) => this.#host.onError(error))
    const client = new KeptClient(session, connector, journal)
    this.clients.add(client)
    // However long there is no network: what is left must not be lost because this page waits no longer.
    void session.close({ timeoutMs: limits.timerMsMax }).then(() => {
      this.clients.delete(client)
      this.#next()
    })
  }

  async #wait(sid: string, signal: AbortSignal): Promise<void> {
    const { journal, onError } = this.#host
    try {
      for (;;) {
        let waitMs = 0
        const claim = await journal.claimWhenFree(sid, signal, (standing) => {
          waitMs = standing.graceMs
          return waitMs === 0
        })
        if (claim !== undefined) this.finish(claim)
        if (waitMs === 0 || signal.aborted) break
        await new Promise<void>((resolve) => platform.setTimer(waitMs, resolve, false))
      }
    } catch (error) {
      if (!signal.aborted) onError(error)
    }
    if (!signal.aborted) this.#watched.delete(sid)
  }
}

/** How many are finished at a time: each takes a link. */
const clientsMax = 4

/** The sessions that this page has opened itself, and left perhaps: they are nobody's orphans here. */
export const ownSessions = new Set<string>()

/** The server has forgotten a session: what is left of it goes into the one of this page. The journal forgets it when that is safe. */
async function sendAgain({ messages, resend }: LostSession<unknown>, own: Session): Promise<void> {
  if (messages.length === 0) return
  // The next page finds it again.
  if (own.state === 'closed') return new Promise(() => {})
  const sent = resend(own)
  await own.stored().catch((error) => {
    if (!(error instanceof JournalError)) throw error
    return Promise.allSettled(sent.map(({ outcome }) => outcome))
  })
}
