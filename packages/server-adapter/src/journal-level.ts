/**
 * A journal for servers in a database of the package `level`: LevelDB in Node.
 *
 * @packageDocumentation
 */
export {
  type LevelDatabase,
  type LevelJournal,
  type LevelJournalOptions,
  levelJournal,
} from '@lastword/session/journal-level'
