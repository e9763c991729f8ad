/**
 * A journal in memory: for several adapters of one process, and for tests.
 *
 * @packageDocumentation
 */
export { memoryJournal } from '@lastword/session'
