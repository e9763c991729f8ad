import { beforeEach, vi } from 'vitest'

const live = new Map<unknown, string>()

/** Where in this package's source the timers were made that were neither cleared nor have run out. */
export function liveTimers(): string[] {
  return [...live.values()]
}

beforeEach(() => {
  live.clear()
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
  const made = (timer: unknown) => {
    const caller = new Error('here').stack?.split('\n').find((line) => line.includes('transport/src/'))
    if (caller !== undefined) live.set(timer, caller.trim())
  }
  const watch = {
    setTimeout(callback: (...all: unknown[]) => void, ms?: number, ...rest: unknown[]) {
      const timer = setTimeout(() => {
        live.delete(timer)
        callback(...rest)
      }, ms)
      made(timer)
      return timer
    },
    setInterval(callback: () => void, ms?: number) {
      const timer = setInterval(callback, ms)
      made(timer)
      return timer
    },
    clearTimeout(timer: NodeJS.Timeout | undefined) {
      live.delete(timer)
      clearTimeout(timer)
    },
    clearInterval(timer: NodeJS.Timeout | undefined) {
      live.delete(timer)
      clearInterval(timer)
    },
  }
  for (const [name, watched] of Object.entries(watch)) vi.stubGlobal(name, watched)
  return () => vi.unstubAllGlobals()
})
