import type { CloseReport, LinkId } from '@lastword/protocol'
import type { SessionCore, SessionOwner, SessionState } from '@lastword/session'
import type { Counted } from './adapter-stats.ts'
import { ServerCoreConfig, type SharedConfig } from './core-config.ts'

/** Where a session of an adapter is listed. */
export interface EntryHost {
  onState(entry: Entry, state: SessionState): void
  onClosed(entry: Entry, report: CloseReport): void
  onReleased(entry: Entry): void
}

/** A session of the table: its owner, and what its core is made with. */
export class Entry extends ServerCoreConfig implements SessionOwner, Counted {
  /** Set right after it was made: while it is, it tells of itself already. */
  core!: SessionCore
  /** Whose share it counts to, once it does. */
  holder = ''
  readonly identity: string
  countedAs: SessionState | undefined
  /** While the server goes: when the session has to be let go, on the platform's clock. */
  leaveBy: number | undefined
  /** Called when there is no reason to stay any more: the link is lost, another server wants the session, or it is over. */
  onFree: (() => void) | undefined
  readonly #host: EntryHost

  constructor(sid: string, key: string, identity: string, shared: SharedConfig, host: EntryHost) {
    super(sid, key, shared)
    this.identity = identity
    this.#host = host
  }

  /**
   * Nobody finds the session here any more. Nor is it kept by this: V8 gives a Map that is filled and emptied all the time a
   * new table again and again, and what stood in the old ones stays until the next full collection.
   */
  letGo(): void {
    ;(this as { core?: SessionCore }).core = undefined
  }

  onLinkEnd(_link: LinkId): void {}

  onDetached(): void {
    if (!this.core.attached) this.onFree?.()
  }

  onState(state: SessionState): void {
    this.#host.onState(this, state)
  }

  onClosed(report: CloseReport): void {
    this.onFree?.()
    this.#host.onClosed(this, report)
  }

  onReleased(): void {
    this.#host.onReleased(this)
  }
}
