import type { Journal, Session } from '@lastword/session'
import type { ConnectOptions } from './connect-options.ts'
import type { JournalOptions } from './journaled.ts'

/**
 * A journal that brings the client along which keeps sessions in it. What `connect` of a page is made of has nothing of
 * journals, so that a page without one does not load it: `connect(url, { journal })` hands over to `connect`. The
 * journals of `@lastword/sdk/journal-indexeddb`, `journal-level` and `journal-memory` have it in builds for pages; `withClient` of the
 * first one gives it to any other.
 */
export interface PageJournalWithClient extends Journal {
  /** As `connect(url, { ...options, journal: this })`: same options, same session, same errors. */
  connect<C>(url: string | URL, options: ConnectOptions<C> & JournalOptions): Promise<Session<C>>
}
