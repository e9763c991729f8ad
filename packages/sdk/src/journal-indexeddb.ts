/**
 * A journal for the pages of one origin, in IndexedDB: `connect(url, { journal: indexedDbJournal() })` opens a session
 * that outlives its page. It brings the client that can do that, which a page without a journal does not load.
 *
 * @packageDocumentation
 */
import {
  type IndexedDbJournal as Bare,
  type IndexedDbJournalOptions,
  pageJournal,
} from '@lastword/session/journal-indexeddb'
import type { PageJournalWithClient } from './handover.ts'
import { openInPage } from './journaled-page/indexeddb-client.ts'

export type { IndexedDbJournalOptions } from '@lastword/session/journal-indexeddb'
export type { PageJournalWithClient } from './handover.ts'
export { withClient } from './journaled-page/with-client.ts'

/** A journal in IndexedDB, with the client that keeps sessions in it. */
export interface IndexedDbJournal extends Bare, PageJournalWithClient {}

/**
 * The journal of this page. Asked for again before it is closed it is the same one.
 *
 * The session of a page that is gone is taken up by the next page that connects to the same address: messages that were
 * not acknowledged are sent on, once and in order. If there are several, the others are finished in the background:
 * what is left in them is delivered, and they are closed. While several pages are open each has its own session, by Web
 * Locks; when one of them dies, another one finishes its session at once.
 *
 * A database that cannot be opened, or fails later, does not take the session with it: that goes on without its journal,
 * and a `warning` event says why, unless `onJournalFailure` is `'end'`.
 *
 * @throws ArgumentError for options that cannot be used, or that are not those of the journal which is open
 */
export function indexedDbJournal(options: IndexedDbJournalOptions = {}): IndexedDbJournal {
  const journal = pageJournal(options)
  return Object.assign(journal, {
    connect: ((url, given) => openInPage(journal, url, given)) satisfies IndexedDbJournal['connect'],
  })
}
