/**
 * A journal in memory: for tests.
 *
 * @packageDocumentation
 */
export { memoryJournal } from '@lastword/session'
