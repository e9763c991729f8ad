import { asJournalError, type Session } from '@lastword/session'
import type { PageSession } from '@lastword/session/journal-indexeddb'
import type { Connector } from '../connector.ts'

/** A session of this page, with its place in the journal and the links that it has. */
export class KeptClient {
  readonly session: Session
  readonly #connector: Connector
  readonly #place: PageSession | undefined

  /** `place`: missing if the session goes on without the journal. */
  constructor(session: Session, connector: Connector, place: PageSession | undefined) {
    this.session = session
    this.#connector = connector
    this.#place = place
  }

  get sid(): string {
    return this.session.id
  }

  /** Its place in the journal, unless it goes on without it. */
  get #kept(): PageSession | undefined {
    return this.#connector.core.kept ? this.#place : undefined
  }

  /** Tells the application what is wrong beside its session. */
  warn(error: unknown): void {
    this.#connector.core.warn(asJournalError(error, this.sid))
  }

  /**
   * The page goes: what is sent from now on is written at once, what is not acknowledged leaves once more, and the session is left alone for a while: the page may
   * only be loaded again. `forCache`: it goes into the back-forward cache, from which it may come back later.
   */
  hide(forCache: boolean): void {
    this.#connector.core.hurry(true)
    this.#connector.leave()
    this.#kept?.markLeft(forCache ? returnMs : reloadMs)
  }

  /** The page is put aside, and others may take the session. */
  park(): void {
    this.#kept?.park()
    this.#connector.park()
  }

  /** The page is back. A session that somebody has taken meanwhile ends here, as `superseded`. */
  async unpark(): Promise<void> {
    this.#connector.core.hurry(false)
    const place = this.#kept
    if (place === undefined || (await place.unpark())) this.#connector.unpark()
    else this.#connector.core.moved()
  }
}

/** How long a page may take from its end until the one that is loaded in its place connects, in ms. */
const reloadMs = 5_000

/** How long a page in the back-forward cache is waited for, in ms: less than servers keep a session without a link. */
const returnMs = 30_000
