/**
 * A journal for the pages of one origin, in IndexedDB, where Web Locks say which page has which session.
 *
 * @packageDocumentation
 */
import { ArgumentError, limits } from '@lastword/protocol'
import { checkInteger, checkObject } from '../argument-checks.ts'
import type { Journal } from '../journal.ts'
import { PageJournal } from './journal.ts'

export type { PageClaim, PageJournal, PageSession, StandingSession } from './journal.ts'

export interface IndexedDbJournalOptions {
  /** The name of the database, which every page of the origin shares that names it so. @default 'lastword' */
  database?: string
  /**
   * `'strict'`: a write resolves when the disk has it, so that it survives a loss of power. `'relaxed'`: it resolves when
   * the browser has it: it survives the end of the page and of its process, but the last writes before a loss of power
   * may be gone, and what had been promised on them is broken. @default 'strict'
   */
  durability?: 'strict' | 'relaxed'
  /** How long the database may take to open, in ms. @default 5000 */
  openTimeoutMs?: number
}

/** A journal in IndexedDB. */
export interface IndexedDbJournal extends Journal {
  /** Forgets a session without reading it, whoever holds it: for one that cannot be read. */
  forget(sid: string): Promise<void>
}

/**
 * The journal of this page in a database of that name. Asked for again before it is closed it is the same one, so that
 * the sessions of one page know of each other.
 *
 * @throws ArgumentError for options that cannot be used, or that are not those of the journal which is open
 */
export function pageJournal(options: IndexedDbJournalOptions = {}): PageJournal {
  checkObject('the options', options, 'Pass { database, durability, openTimeoutMs }, or nothing.')
  const { database = 'lastword', durability = 'strict', openTimeoutMs = 5_000 } = options
  if (typeof database !== 'string' || database === '') {
    throw new ArgumentError('database is not a name', 'Pass the name of a database, or leave it out.')
  }
  if (durability !== 'strict' && durability !== 'relaxed') {
    throw new ArgumentError(
      "durability is neither 'strict' nor 'relaxed'",
      'Pass one of them, or leave it out.',
    )
  }
  checkInteger('openTimeoutMs', openTimeoutMs, 1, limits.timerMsMax)
  const words = JSON.stringify([durability, openTimeoutMs])
  const open = journals.get(database)
  if (open !== undefined && open.words !== words) {
    throw new ArgumentError(
      `the journal in "${database}" is open with other options`,
      'Use one set of options for each database, or close() the journal first.',
    )
  }
  if (open !== undefined) return open.journal
  const journal = new PageJournal({ name: database, durability, openTimeoutMs }, () => {
    if (journals.get(database)?.journal === journal) journals.delete(database)
  })
  journals.set(database, { journal, words })
  return journal
}

const journals = new Map<string, { journal: PageJournal; words: string }>()
