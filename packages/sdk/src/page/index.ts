/**
 * lastword in a page: `connect()` opens a session whose last message arrives. It is an engine of its own beside the one
 * that Node and journals have (docs/pages.md): what a page loads has to be small.
 *
 * @packageDocumentation
 */
import type { AnyContract } from '@lastword/protocol'
import type { Session } from '@lastword/session'
import type { JournalOptions } from '../journaled.ts'
import { webSocketUrl } from './address.ts'
import type { PageConnectOptions, PageJournal, PageSession } from './connect-options.ts'
import { ArgumentError } from './errors.ts'
import { openSession } from './session.ts'

export { backoff } from './backoff.ts'
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

/** With a journal the session is opened by the client that the journal brings with it. */
export function connect<C = AnyContract>(
  url: string | URL,
  options: PageConnectOptions<C> & { journal: PageJournal } & Omit<JournalOptions, 'journal'>,
): Promise<Session<C>>
/**
 * Opens a session with the server at `url`, which may be relative to the page. Returns at once: what is sent before
 * there is a connection waits for it, and goes with its first frame. The session connects again by itself.
 *
 * @throws ArgumentError for an address that cannot be used
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options?: PageConnectOptions<C> & { journal?: undefined },
): PageSession<C>
export function connect<C>(
  url: string | URL,
  options: PageConnectOptions<C> & { journal?: PageJournal | undefined } = {},
): PageSession<C> | Promise<Session<C>> {
  if (options.journal) {
    if (!options.journal.connect) {
      throw new ArgumentError('the journal brings no client: use indexedDbJournal(), or withClient(journal)')
    }
    return options.journal.connect(url, options)
  }
  const address = webSocketUrl(url, globalThis.location?.href)
  if (!address) {
    throw new ArgumentError('that is no WebSocket URL: use wss://host/path')
  }
  return openSession(address, options)
}
