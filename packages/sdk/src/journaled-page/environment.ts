import type { ConnectorEnvironment } from '../connector.ts'

/** What a connector hears of its page. */
export const pageEnvironment: ConnectorEnvironment = {
  onOnline(callback) {
    if (typeof addEventListener !== 'function') return () => {}
    addEventListener('online', callback)
    return () => removeEventListener('online', callback)
  },
}
