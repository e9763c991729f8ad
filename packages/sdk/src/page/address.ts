/**
 * An address as a WebSocket URL: taken against `base`, http(s) counts as ws(s). Nothing if it cannot be used: no URL,
 * another scheme, or one without TLS where `base` has it, for the session's key goes there (PROTOCOL.md, R-129).
 */
export function webSocketUrl(url: string | URL, base: string | undefined): string | undefined {
  try {
    const address = new URL(url, base).href.replace(/^http/, 'ws').replace(/#.*/, '')
    if (/^wss:/.test(address) || (/^ws:/.test(address) && !base?.startsWith('wss'))) return address
  } catch {}
  return undefined
}
