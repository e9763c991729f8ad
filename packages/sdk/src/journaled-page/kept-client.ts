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

  /** Tells the application what is wrong beside its session. */
  warn(error: unknown): void {
    this.#connector.core.warn(asJournalError(error, this.sid))
  }

  /** The page goes, for good or into the cache: what is sent from now on is written at once. */
  hurry(): void {
    this.#connector.core.hurry(true)
  }

  /** The page is put aside, and others may take the session. */
  park(): void {
    this.#place?.park()
    this.#connector.park()
  }

  /** The page is back. A session that somebody has taken meanwhile ends here, as `superseded`. */
  async unpark(): Promise<void> {
    this.#connector.core.hurry(false)
    if (this.#place === undefined || (await this.#place.unpark())) this.#connector.unpark()
    else this.#connector.core.moved()
  }
}
