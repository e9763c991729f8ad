/**
 * A journal for clients in a database of the package `level`: LevelDB in Node, IndexedDB in browsers.
 *
 * @packageDocumentation
 */
export {
  type LevelDatabase,
  type LevelJournal,
  type LevelJournalOptions,
  levelJournal,
} from '@lastword/session/journal-level'
