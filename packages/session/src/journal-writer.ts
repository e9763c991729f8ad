import type { JournalSnapshot, JournalWrite } from '@lastword/protocol'
import type { SessionJournal } from './journal.ts'

/** What a core is given of its session's journal: the session in its hands, and what it goes on from. */
export interface KeptSession {
  journal: SessionJournal
  /** `undefined` for a session that begins, or of which nothing was written. */
  snapshot?: JournalSnapshot | undefined
  /** What becomes of the session when its journal fails. @default 'end' */
  onFailure?: 'end' | 'go-on' | undefined
}

/** What a writer needs of its driver. */
export interface WriterHost {
  /** The machine's next write, if there is one and none is under way. */
  take(): JournalWrite | undefined
  /** This write would survive. */
  onWritten(write: JournalWrite): void
  /** A write failed: nothing is written any more. */
  onFailed(error: unknown): void
}

/** Carries out a machine's writes, one at a time. */
export class JournalWriter {
  readonly #journal: SessionJournal
  readonly #host: WriterHost
  /** The write under way. Never rejects. */
  #underWay: Promise<void> | undefined
  #failure: { error: unknown } | undefined
  #stopped = false

  constructor(journal: SessionJournal, host: WriterHost) {
    this.#journal = journal
    this.#host = host
  }

  /** Begins the next write, if there is one and none is under way. */
  pump(): void {
    if (this.#underWay !== undefined || this.#stopped) return
    const write = this.#host.take()
    if (write !== undefined) this.#underWay = this.#carryOut(write)
  }

  /** Resolves when everything that the machine has accepted so far is held. Rejects with what a write failed with. */
  async stored(): Promise<void> {
    this.pump()
    // What was accepted while one write is under way is in the next one.
    for (let round = 0; round < 2 && this.#underWay !== undefined; round++) await this.#underWay
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Nothing is written any more. Resolves when the write under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#underWay
  }

  /** The journal takes nothing any more, and says why. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stopped = true
  }

  async #carryOut(write: JournalWrite): Promise<void> {
    try {
      await this.#journal.write(write)
    } catch (error) {
      this.#underWay = undefined
      this.#failure = { error }
      this.#stopped = true
      return this.#host.onFailed(error)
    }
    this.#underWay = undefined
    this.#host.onWritten(write)
    this.pump()
  }
}
