/** Node, Bun and Deno have it; browsers do not. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined

/** How many turns of the event loop a timer waits at most for what is being read. */
const turnsMax = 100

/**
 * Calls back after `ms`, and not before what has arrived meanwhile was read. Returns what cancels it.
 *
 * When the event loop was held up, its timers run before its sockets are read. A write to a connection that was
 * reset in the meantime makes Node destroy it with everything that lies unread; so does `destroy` itself. One turn
 * reads 2 MiB of a socket at most: so while each turn moves something, another one is waited for, up to a bound.
 *
 * @param moved a value that changes when bytes have moved
 */
export function timerAfterReading(ms: number, moved: () => unknown, callback: () => void): () => void {
  let cancelled = false

  function look(before: unknown, turnsLeft: number): void {
    afterReading(() => {
      if (cancelled) return
      const now = moved()
      if (now === before || turnsLeft === 0) callback()
      else look(now, turnsLeft - 1)
    })
  }

  const timer = setTimeout(() => look(moved(), turnsMax), ms)
  return () => {
    cancelled = true
    clearTimeout(timer)
  }
}

/**
 * Calls back once what is ready to be read was read: `setImmediate` runs right behind the phase in which sockets
 * are read; in a browser, a new task runs behind the messages that are queued.
 */
export function afterReading(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else setTimeout(callback, 0)
}
