import type { JournalSnapshot, JournalWrite } from '@lastword/protocol'

/**
 * Where sessions are kept that outlive their process: one interface for clients and servers. Without one a session
 * lives in memory only, and ends with its process.
 *
 * The contract of every implementation, which `journalConformance` tests:
 *
 * - `write` is whole or not at all, and resolves only when what it wrote would survive the process. Writes of one
 *   session are carried out in the order of the calls.
 * - A session has one holder. Whoever claims it takes it over: writes of the holder before are refused with a
 *   `JournalError` (`journal-lost`) and change nothing.
 * - What cannot be read is an error that names the session, never an empty session.
 */
export interface Journal {
  /**
   * Makes a session and holds it. What it resolves with would survive the process.
   *
   * @throws JournalError `journal-exists` if there is one with this id
   */
  create(record: SessionRecord): Promise<SessionJournal>
  /** Who a session belongs to, or `undefined` if there is none with this id. Takes nothing over. */
  find(sid: string): Promise<SessionRecord | undefined>
  /**
   * Takes a session over. If somebody holds it and has asked to be told (`onWanted`), waits until it is released, for
   * `waitMs` at most, then takes it all the same. `undefined` if there is none with this id.
   */
  claim(sid: string, options?: ClaimOptions): Promise<ClaimedSession | undefined>
  /** Every session that stands here, the one written last at the end. */
  list(): Promise<SessionRecord[]>
  /**
   * Forgets the sessions that nobody has written for so long and nobody holds: nobody in this process at least, and
   * nobody at all where the store can tell. Those that cannot be read stay. Returns how many it forgot.
   */
  prune(idleMs: number): Promise<number>
  /** Writes what has been asked for, then closes the store. Whatever is asked of the journal later is refused. */
  close(): Promise<void>
}

/** One session, in the hands of its holder. */
export interface SessionJournal {
  /**
   * A write that fails stands or does not stand, but never in part; every write after it fails too, so that none is
   * missing among those that stand.
   *
   * @throws JournalError `journal-lost` if somebody has claimed the session since, or it was released or removed;
   * `journal-failed` if the store failed
   */
  write(write: JournalWrite): Promise<void>
  /** Forgets the session. Does nothing if somebody else has claimed it. */
  remove(): Promise<void>
  /** Carries out the writes before it; then this holder writes no more, and who waits for the session gets it. The session stays, as if written now. */
  release(): Promise<void>
  /** Calls back, once, when somebody else waits for this session: finish what is under way, then release it. */
  onWanted(callback: () => void): void
  /**
   * Calls back, once, with a `JournalError` when the journal is closed while the session is in this holder's hands. A
   * journal without it has its sessions learn of that at their next write.
   */
  onClosed?(callback: (error: unknown) => void): void
}

export interface ClaimOptions {
  /** How long to wait for a holder that has asked to be told, in ms. @default 0 */
  waitMs?: number
  /** True: takes the session only if nobody holds it, as far as the store can tell; `undefined` if somebody does. @default false */
  ifFree?: boolean
}

export interface ClaimedSession {
  record: SessionRecord
  /** `undefined` if it was made, and nothing was written before its process ended. */
  snapshot: JournalSnapshot | undefined
  journal: SessionJournal
}

/** What is known of a session from its beginning. A JSON value. */
export interface SessionRecord {
  sid: string
  role: 'client' | 'server'
  /** A client's key; of a server's session only what `keyDigest` makes of it. */
  key: string
  /** Server: whose session it is. */
  identity?: string
  /** Client: where it was opened. */
  url?: string
}
