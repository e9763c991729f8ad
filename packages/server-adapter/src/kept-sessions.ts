import { JournalError } from '@lastword/protocol'
import type { ClaimedSession, Journal, SessionJournal, SessionRecord } from '@lastword/session'
import { platform } from '@lastword/session'
import { Refusal } from './door.ts'
import { fitsKeyDigest, keyDigest } from './same-secret.ts'

/** The sessions of an adapter as its journal has them. */
export class KeptSessions {
  readonly #journal: Journal
  readonly #waitMs: number
  readonly #timer: NodeJS.Timeout

  /**
   * `waitMs`: how long whoever holds a session may take to let it go. What nobody has come back for is forgotten after
   * `ttlMs`, and not before this process has been there for so long: clients of the one before may still come.
   */
  constructor(journal: Journal, ttlMs: number, waitMs: number) {
    this.#journal = journal
    this.#waitMs = waitMs
    this.#timer = setInterval(
      () => {
        journal.prune(ttlMs).catch((error) => platform.report(error))
      },
      Math.max(ttlMs, pruneMsMin),
    )
    this.#timer.unref()
  }

  /**
   * Who a session belongs to, or `undefined` if the journal does not have it.
   *
   * @throws Refusal if it has another key
   */
  async find(sid: string, key: string): Promise<SessionRecord | undefined> {
    const record = await this.#journal.find(sid)
    if (record === undefined) return undefined
    if (record.role !== 'server') {
      throw new JournalError('journal-exists', `the journal has session ${sid} as a client's`, {
        sessionId: sid,
        remedy: 'Give clients and servers a journal each.',
      })
    }
    if (fitsKeyDigest(key, record.key)) return record
    throw new Refusal('key-mismatch', 'the session has another key')
  }

  /** Takes a session over from whoever has it. `undefined` if it is not there any more. */
  claim(sid: string): Promise<ClaimedSession | undefined> {
    return this.#journal.claim(sid, { waitMs: this.#waitMs })
  }

  /** Makes a session. `undefined` if there is one with this id by now. */
  async create(sid: string, key: string, identity: string): Promise<SessionJournal | undefined> {
    try {
      return await this.#journal.create({ sid, role: 'server', key: keyDigest(key), identity })
    } catch (error) {
      if (error instanceof JournalError && error.code === 'journal-exists') return undefined
      throw error
    }
  }

  /** Forgets no more sessions. */
  stop(): void {
    clearInterval(this.#timer)
  }
}

/** However short `ttlMs` is, the journal is not asked all the time. */
const pruneMsMin = 1000
