/**
 * A journal in memory, with the client that keeps a page's sessions in it: for tests.
 *
 * @packageDocumentation
 */
import { type Journal, memoryJournal as journalInMemory } from '@lastword/session'
import type { PageJournalWithClient } from './handover.ts'
import { withClient } from './journaled-page/with-client.ts'

export function memoryJournal(): Journal & PageJournalWithClient {
  return withClient(journalInMemory())
}
