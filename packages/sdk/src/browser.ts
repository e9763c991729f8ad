/**
 * lastword in browsers: `connect()` opens a session whose last message arrives.
 *
 * @packageDocumentation
 */
import type { AnyContract } from '@lastword/protocol'
import { Session } from '@lastword/session'
import { openBrowserLink } from '@lastword/transport'
import { type ConnectOptions, webSocketUrl } from './connect-options.ts'
import { Connector } from './connector.ts'
import { handOver } from './handover.ts'
import type { JournalOptions, NoJournal, OptionalJournal } from './journaled.ts'
import { pageEnvironment } from './journaled-page/environment.ts'

export * from './public.ts'

/**
 * Opens a session that outlives this page: with `journal`, what was sent and is not known to be handled is sent on when
 * `connect` is called again with the same journal. Resolves with the session once the journal has it; nothing leaves
 * before the journal holds it. See `session.restored` for what was carried over, and `session.stored()`. The journal brings the
 * client along that does this (see `PageJournalWithClient`): `indexedDbJournal()` of `@lastword/sdk/journal-indexeddb`.
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options: ConnectOptions<C> & JournalOptions,
): Promise<Session<C>>
/**
 * Opens a session with the server at `url`, which may be relative to the page. Returns at once: what is sent before
 * there is a connection waits for it, and goes with its first frame. The session connects again by itself.
 *
 * @throws ArgumentError for an address or option that cannot be used
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options?: ConnectOptions<C> & NoJournal,
): Session<C>
/** With a journal that may be `undefined`: awaiting what is returned gives the session in both cases. */
export function connect<C = AnyContract>(
  url: string | URL,
  options: ConnectOptions<C> & OptionalJournal,
): Session<C> | Promise<Session<C>>
export function connect<C>(
  url: string | URL,
  options: ConnectOptions<C> & OptionalJournal = {},
): Session<C> | Promise<Session<C>> {
  const address = webSocketUrl(url)
  if (options.journal !== undefined) return handOver<C>(url, options as ConnectOptions<C> & JournalOptions)
  return new Session<C>(
    new Connector(address, options as ConnectOptions, openBrowserLink, pageEnvironment).core,
  )
}
