/**
 * lastword in browsers: `connect()` opens a session whose last message arrives. It is the page's client (docs/pages.md);
 * a journal brings the full one along.
 *
 * @packageDocumentation
 */
export { contract, JournalError } from '@lastword/protocol'
export * from './page/index.ts'
export type * from './public-types.ts'
