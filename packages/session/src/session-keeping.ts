import { JournalError, LastwordError } from '@lastword/protocol'
import { atMost } from './at-most.ts'
import type { SessionJournal } from './journal.ts'
import type { JournalWriter, KeptSession } from './journal-writer.ts'
import type { Platform } from './platform.ts'

/** What becomes of a session's place in its journal when the session ends here. */
export class SessionKeeping {
  readonly onFailure: 'end' | 'go-on'
  /** The highest number that the journal knows to have come. */
  heldGot: number

  readonly #journal: SessionJournal
  readonly #writer: JournalWriter
  /** True once the journal is not this session's to change: it is lost, let go, or has failed. */
  #out = false
  /** True if the journal has failed: it is let go all the same once somebody wants it. */
  #failed = false
  #removed: Promise<void> | undefined

  constructor({ journal, snapshot, onFailure = 'end' }: KeptSession, writer: JournalWriter) {
    this.onFailure = onFailure
    this.heldGot = snapshot?.state.in.got ?? 0
    this.#journal = journal
    this.#writer = writer
  }

  /**
   * The session goes on without the journal, which is asked to forget it: what stands there will soon be long past. Resolves
   * with whether it has. It stays this session's until that has ended, so that nobody takes up what is left of it.
   */
  async giveUp(platform: Platform): Promise<boolean> {
    let removed = false
    const removal = this.#journal.remove().then(
      () => {
        removed = true
      },
      () => {},
    )
    await atMost(platform, removalMs, removal)
    return removed
  }

  /** Nothing of the session is needed any more: the journal forgets it, unless it goes on elsewhere. */
  forget(onError: (error: unknown) => void): void {
    if (this.#out) return
    this.#out = true
    this.#removed = this.#writer
      .stop()
      .then(() => this.#journal.remove())
      .catch(onError)
  }

  /** The journal has failed, or somebody else has the session: what stands there stays. */
  abandon(failed: boolean): void {
    this.#out = true
    this.#failed = failed
  }

  /** Lets go of the session with everything written that was accepted before. */
  async release(): Promise<void> {
    if (this.#failed) return this.#journal.release()
    if (this.#out) return
    // What fails here has been told, and leaves nothing to release.
    await this.#writer.stored().catch(() => {})
    if (this.#out) return
    this.#out = true
    await this.#writer.stop()
    await this.#journal.release()
  }

  /** Resolves when the journal knows of the session's end. Never rejects. */
  async settled(): Promise<void> {
    if (!this.#out) await this.#writer.stored().catch(() => {})
    await this.#removed
  }
}

/** How long a journal that has failed may take to forget a session, in ms: the session stands still meanwhile. */
const removalMs = 2_000

/** What a journal failed with, as a `JournalError` whatever it is. */
export function asJournalError(error: unknown, sessionId: string): LastwordError {
  if (error instanceof LastwordError) return error
  const words = error instanceof Error ? error.message : String(error)
  return new JournalError('journal-failed', `the journal of session ${sessionId} failed: ${words}`, {
    sessionId,
    remedy: 'See its cause. What had been stored is still there for the next process.',
    cause: error,
  })
}

/** Why a message's promise cannot tell what becomes of it: whoever goes on with the session sends it. */
export function sessionMoved(sessionId: string): JournalError {
  return new JournalError('journal-lost', `session ${sessionId} goes on elsewhere`, {
    sessionId,
    remedy: 'Leave it to whoever goes on with it: what was accepted is in the journal.',
  })
}
