import type { Socket } from 'node:net'

/**
 * Calls `onIdle` once, when nothing has moved for `ms`. Returns what stops the watch.
 *
 * With the raw socket, its own timeout does this: it is put off by every read and, unlike any count of
 * JavaScript's, by progress inside one large write. Without it, `moved` is asked every `ms`; it gives a value
 * that changes when something has moved.
 */
export function watchIdle(
  ms: number,
  rawSocket: Socket | undefined,
  moved: () => unknown,
  onIdle: () => void,
): () => void {
  if (rawSocket !== undefined && !rawSocket.destroyed) {
    rawSocket.setTimeout(ms)
    rawSocket.once('timeout', onIdle)
    return () => {
      rawSocket.setTimeout(0)
      rawSocket.off('timeout', onIdle)
    }
  }
  let before = moved()
  const timer = setInterval(() => {
    const now = moved()
    if (now !== before) {
      before = now
      return
    }
    clearInterval(timer)
    onIdle()
  }, ms)
  return () => clearInterval(timer)
}
