import type { Frame } from '@lastword/protocol'
import { utf8 } from '@lastword/protocol/client'

/**
 * Tells a session of its page's life; nothing where there is no page. No `unload` and no `beforeunload`: they keep a
 * page out of the back-forward cache. Returns what ends it.
 *
 * @param leave The page goes away, or is frozen. `gone`: it will not come back.
 * @param look The page is looked at again, or the network is there again. `isBack`: after `leave`.
 */
export function watchPage(leave: (gone: boolean) => void, look: (isBack: boolean) => void): () => void {
  const listening = new AbortController()
  // `pagehide` twice: Firefox may end the first one in the middle, as it ends the page's process, and lets the second run.
  for (const type of 'pagehide pagehide freeze pageshow resume online visibilitychange'.split(' ')) {
    globalThis.addEventListener?.(
      type,
      (event) => {
        const { persisted } = event as PageTransitionEvent
        if (/hide|freeze/.test(type)) leave(persisted === false)
        else look(/show|resume/.test(type))
      },
      // What happens to the document is heard on its way there.
      { capture: true, signal: listening.signal },
    )
  }
  return () => listening.abort()
}

/**
 * Sends frames in one POST that outlives the page. It needs no preflight, for which a page that goes away has no time:
 * no headers of its own. What becomes of it nobody hears; the server drops what it has.
 */
export function postOnce(address: string, frames: Frame[]): void {
  const url = `${address.replace('ws', 'http')}${address.includes('?') ? '&' : '?'}lastword=once`
  const [first] = frames
  const body =
    frames[1] || typeof first !== 'string'
      ? new Blob(
          frames.flatMap((frame) => {
            const isText = typeof frame === 'string'
            const { length } = isText ? utf8(frame) : frame
            const head = [Number(!isText), length >> 24, length >> 16, length >> 8, length]
            return [new Uint8Array(head), frame as string]
          }),
          { type: 'text/plain' },
        )
      : first
  void fetch(url, { method: 'POST', body, keepalive: true, credentials: 'include' }).catch(() => {})
}
