import { encodeHttpBody } from './http-body.ts'
import { httpUrl } from './http-url.ts'

/** What a browser takes of requests that outlive their page, in bytes, all of them together (Fetch, "keepalive"). */
const keepaliveBytesMax = 64 * 1024

/**
 * Sends frames on a link of their own: one POST to the HTTP address of `url` (ws: or wss:) that outlives the page, for a
 * page that goes away. The first frame must begin with what opens a link. Nobody hears what came of it.
 *
 * False if the platform did not take it: it is longer than 64 KiB, or there is no way to send it. Nothing has left then.
 * True says that it was handed over, not that it arrived; a browser also drops it when other requests of the page that
 * are under way leave no room in those 64 KiB.
 */
export function sendOneShot(url: string, frames: ReadonlyArray<string | Uint8Array>): boolean {
  const body = encodeHttpBody(frames)
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  if (bytes.length > keepaliveBytesMax) return false
  try {
    const address = httpUrl(url, 'once')
    // Nothing here may ask for a preflight: a page that goes away cannot wait for its answer.
    const type = 'text/plain'
    if (typeof Request === 'function' && 'keepalive' in Request.prototype) {
      fetch(address, {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': type },
        keepalive: true,
        credentials: 'include',
      }).catch(() => {})
      return true
    }
    return navigator.sendBeacon(address, new Blob([bytes], { type }))
  } catch {
    return false
  }
}
