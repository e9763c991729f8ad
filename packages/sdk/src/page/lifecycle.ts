import type { Frame } from '@lastword/protocol'
import { utf8 } from '@lastword/protocol/client'

/** What a session does when its page comes and goes. */
export interface PageLife {
  /** The page goes away, or is frozen. `gone`: it will not come back. */
  leave(gone: boolean): void
  /** The page is back. */
  comeBack(): void
  /** The network is there again. */
  online(): void
  /** The page is looked at again: timers may have been late. */
  look(): void
}

/**
 * Tells a session of its page's life; nothing where there is no page. No `unload` and no `beforeunload`: they keep a
 * page out of the back-forward cache. Returns what ends it.
 */
export function watchPage({ leave, comeBack, online, look }: PageLife): () => void {
  // It has the one option that is wanted: `signal`.
  const listening = new AbortController()
  const page = globalThis as unknown as Partial<Window>
  const on = (target: EventTarget | undefined, event: string, listener: (event: never) => void) =>
    target?.addEventListener?.(event, listener as EventListener, listening)
  // Twice: Firefox may end the first one in the middle, as it ends the page's process, and lets the second one run.
  for (const target of [page as EventTarget, page as EventTarget]) {
    on(target, 'pagehide', ({ persisted }: PageTransitionEvent) => leave(!persisted))
  }
  on(page as EventTarget, 'pageshow', comeBack)
  on(page as EventTarget, 'online', online)
  on(page.document, 'freeze', () => leave(false))
  on(page.document, 'resume', comeBack)
  on(page.document, 'visibilitychange', look)
  return () => listening.abort()
}

/**
 * Sends frames in one POST that outlives the page. It needs no preflight, for which a page that goes away has no time:
 * no headers of its own. What becomes of it nobody hears; the server drops what it has.
 */
export function postOnce(address: string, frames: Frame[]): void {
  const url = `${address.replace('ws', 'http')}${address.includes('?') ? '&' : '?'}lastword=once`
  const records = new Uint8Array(
    frames.flatMap((frame) => {
      const bytes = typeof frame === 'string' ? utf8(frame) : frame
      const { length } = bytes
      return [Number(bytes === frame), length >> 24, length >> 16, length >> 8, length, ...bytes]
    }),
  )
  const body =
    frames[1] || typeof frames[0] !== 'string' ? new Blob([records], { type: 'text/plain' }) : frames[0]
  if ('keepalive' in Request.prototype) {
    void fetch(url, { method: 'POST', body, keepalive: true, credentials: 'include' }).catch(() => {})
  } else navigator.sendBeacon(url, body)
}
