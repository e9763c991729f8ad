import { afterReading } from './timer-after-reading.ts'

/** What an idle watch looks at. */
export interface Movement {
  /** A value that changes when bytes have moved. */
  moved(): unknown
  /** How many bytes wait to leave. */
  waitingBytes(): number
}

/**
 * Calls `onIdle` once, when nothing has moved for `ms`. Returns what stops the watch.
 *
 * Node does not show what moves inside one write (over TLS, not even to its own socket time-outs), and much may
 * have been handed over in one. So each further mebibyte that waits gets another `ms`.
 */
export function watchIdle(ms: number, { moved, waitingBytes }: Movement, onIdle: () => void): () => void {
  let stopped = false
  let before = moved()
  let movedAt = performance.now()

  function idle(): boolean {
    const now = moved()
    if (now !== before) {
      before = now
      movedAt = performance.now()
    }
    return performance.now() - movedAt >= ms * Math.max(1, waitingBytes() / mebibyte)
  }

  const timer = setInterval(
    () => {
      if (!idle()) return
      // After the process was held up, timers run before what has arrived meanwhile is read. That counts too.
      afterReading(() => {
        if (stopped || !idle()) return
        stop()
        onIdle()
      })
    },
    Math.max(1, ms / 8),
  )

  function stop(): void {
    stopped = true
    clearInterval(timer)
  }
  return stop
}

const mebibyte = 1024 * 1024
