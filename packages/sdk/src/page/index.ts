/**
 * lastword in a page: `connect()` opens a session whose last message arrives. It is an engine of its own beside the one
 * that Node and journals have (docs/pages.md): what a page loads has to be small.
 *
 * @packageDocumentation
 */
import type { AnyContract } from '@lastword/protocol'
import type { Session } from '@lastword/session'
import type { ConnectOptions } from '../connect-options.ts'
import type { PageJournalWithClient } from '../handover.ts'
import type { JournalOptions, NoJournal, OptionalJournal } from '../journaled.ts'
import { webSocketUrl } from './address.ts'
import type { PageConnectOptions, PageSession } from './connect-options.ts'
import { ArgumentError } from './errors.ts'
import { openSession } from './session.ts'

export type { PageJournalWithClient } from '../handover.ts'
export { backoff } from './backoff.ts'
export type { PageConnectOptions, PageSession } from './connect-options.ts'
export {
  ArgumentError,
  DeliveryError,
  HandshakeError,
  LastwordError,
  PayloadError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
} from './errors.ts'

/**
 * Opens a session that outlives this page. Its journal brings the client along that does this (see
 * `PageJournalWithClient`): `indexedDbJournal()` of `@lastword/sdk/journal-indexeddb`. Resolves with the session once the
 * journal has it.
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options: ConnectOptions<C> & JournalOptions,
): Promise<Session<C>>
/**
 * Opens a session with the server at `url`, which may be relative to the page. Returns at once: what is sent before
 * there is a connection waits for it, and goes with its first frame. The session connects again by itself.
 *
 * @throws ArgumentError for an address that cannot be used
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options?: PageConnectOptions<C> & NoJournal,
): PageSession<C>
/** With a journal that may be `undefined`: awaiting what is returned gives the session in both cases. */
export function connect<C = AnyContract>(
  url: string | URL,
  options: PageConnectOptions<C> & OptionalJournal,
): PageSession<C> | Promise<Session<C>>
export function connect<C>(
  url: string | URL,
  options: PageConnectOptions<C> & OptionalJournal = {},
): PageSession<C> | Promise<Session<C>> {
  const journal = options.journal as Partial<PageJournalWithClient> | undefined
  if (journal) {
    if (journal.connect) return journal.connect(url, options as ConnectOptions<C> & JournalOptions)
    throw new ArgumentError('the journal brings no client: pass indexedDbJournal(), or withClient(yours)')
  }
  const address = webSocketUrl(url, globalThis.location?.href)
  if (!address) throw new ArgumentError('that is no WebSocket URL: use wss://host/path')
  return openSession(address, options)
}
