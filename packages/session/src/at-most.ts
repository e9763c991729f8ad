import type { Platform } from './platform.ts'

/** Resolves when the work is done, or after `ms`, whichever is first; rejects if the work has failed by then. */
export function atMost(
  platform: Platform,
  ms: number,
  work: Promise<unknown>,
  keepAlive = true,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = platform.setTimer(ms, resolve, keepAlive)
    work.then(() => resolve(), reject).finally(stop)
  })
}
