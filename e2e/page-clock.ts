import type { Page } from '@playwright/test'

/** What a page under a clock of its own has in `window.pageClock`. */
interface PageClock {
  /** Lets so many ms pass in which no timer fires, as in a tab that nobody looks at. */
  advance(ms: number): void
  /** Fires every timer that is due, and those that they start and that are due at once; messages are read in between. */
  wake(): Promise<void>
}

declare global {
  var pageClock: PageClock
}

/**
 * Gives the pages that are opened next a clock that stands still, and timers that fire when the spec says so: browsers
 * let the timers of a hidden tab fire once a minute, and an event of the network at any time. Only what goes by
 * `performance.now` and `setTimeout` is held up.
 */
export async function holdClock(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const task = setTimeout
    const timers = new Map<number, { at: number; callback: () => void }>()
    let now = 0
    let last = 0
    performance.now = () => now
    globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      timers.set(++last, { at: now + ms, callback: () => callback(...args) })
      return last
    }) as typeof setTimeout
    globalThis.clearTimeout = (id) => void timers.delete(Number(id))
    globalThis.pageClock = {
      advance(ms) {
        now += ms
      },
      async wake() {
        for (;;) {
          const [due] = [...timers].filter(([, { at }]) => at <= now).sort((a, b) => a[1].at - b[1].at)
          if (due === undefined) return
          timers.delete(due[0])
          due[1].callback()
          await new Promise((resolve) => task(resolve, 0))
        }
      },
    }
  })
}
