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
import {
  type JournalOptions,
  type NoJournal,
  type OptionalJournal,
  openKept,
  type TakenSession,
} from './journaled.ts'

export * from './public.ts'

/**
 * Opens a session that outlives this process: with `journal`, what was sent and is not known to be handled is sent on
 * when `connect` is called again with the same journal. Resolves with the session once the journal has it, and rejects
 * with a `JournalError` if that fails; nothing leaves before the journal holds it. See `session.restored` for what was
 * carried over, and `session.stored()`.
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
  const environment = {
    onOnline(callback: () => void) {
      if (typeof addEventListener !== 'function') return () => {}
      addEventListener('online', callback)
      return () => removeEventListener('online', callback)
    },
  }
  const address = webSocketUrl(url)
  const make = (kept?: TakenSession) =>
    new Connector(address, options as ConnectOptions, openBrowserLink, environment, kept)
  if (options.journal === undefined) return new Session<C>(make().core)
  return openKept<C>(address, options as ConnectOptions & JournalOptions, make)
}
