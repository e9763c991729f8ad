/**
 * Where a server asks to go, as a URL that can be opened, or `undefined` if it cannot, or must not: the key goes there,
 * and never from a link with TLS to one without (PROTOCOL.md, R-129).
 */
export function locationUrl(location: string | undefined, base: string): string | undefined {
  if (location === undefined) return undefined
  try {
    const from = new URL(base)
    const url = new URL(location, from)
    url.protocol = url.protocol.replace(/^http/, 'ws')
    url.hash = ''
    if (url.protocol !== 'wss:' && url.protocol !== from.protocol.replace(/^http/, 'ws')) return undefined
    return url.href
  } catch {
    return undefined
  }
}
