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

export * from './public.ts'

/**
 * Opens a session with the server at `url`, which may be relative to the page. Returns at once: what is sent before
 * there is a connection waits for it, and goes with its first frame. The session connects again by itself.
 *
 * @throws ArgumentError for an address or option that cannot be used
 */
export function connect<C = AnyContract>(url: string | URL, options: ConnectOptions<C> = {}): Session<C> {
  const environment = {
    onOnline(callback: () => void) {
      if (typeof addEventListener !== 'function') return () => {}
      addEventListener('online', callback)
      return () => removeEventListener('online', callback)
    },
  }
  const connector = new Connector(webSocketUrl(url), options as ConnectOptions, openBrowserLink, environment)
  return new Session<C>(connector.core)
}
