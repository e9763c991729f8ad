/**
 * The same journal as in Node, with the client that keeps a page's sessions in it.
 *
 * @packageDocumentation
 */
import {
  type LevelJournal as Bare,
  type LevelDatabase,
  type LevelJournalOptions,
  levelJournal as levelJournalOver,
} from '@lastword/session/journal-level'
import type { PageJournalWithClient } from './handover.ts'
import { withClient } from './journaled-page/with-client.ts'

export type { LevelDatabase, LevelJournalOptions } from '@lastword/session/journal-level'

/** A journal in a database, with the client that keeps sessions in it. */
export interface LevelJournal extends Bare, PageJournalWithClient {}

/**
 * A journal in an `abstract-level` database. A page that needs nothing of `level` besides is better served by
 * `indexedDbJournal()`, whose pages know of each other.
 *
 * @throws ArgumentError if it is not a database
 */
export function levelJournal(db: LevelDatabase, options?: LevelJournalOptions): LevelJournal {
  return withClient(levelJournalOver(db, options))
}
