import type { Platform } from './platform.ts'

/** What is woken at a time of its own. */
export interface Sleeper {
  /** Where its alarms keep it; -1 if it has none. */
  alarmIndex: number
  wake(): void
}

/**
 * One timer for many sessions, which never keeps the process alive. A timer of its own takes more than half a kilobyte of
 * an idle session, and almost all of them are for the same thing: to ask a silent peer whether it is there.
 *
 * A binary heap, the earliest alarm first: O(log n) to set, to clear and to fire.
 */
export class Alarms {
  readonly #platform: Platform
  readonly #sleepers: Sleeper[] = []
  /** When to wake each of them. */
  readonly #times: number[] = []
  /** When the timer goes off. */
  #timerAt = Number.POSITIVE_INFINITY
  #stopTimer: (() => void) | undefined

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Sets the alarm of a sleeper that has none. */
  set(sleeper: Sleeper, at: number): void {
    this.#put(this.#sleepers.length, sleeper, at)
    this.#up(sleeper.alarmIndex)
    this.#setTimer()
  }

  clear(sleeper: Sleeper): void {
    this.#remove(sleeper.alarmIndex)
    // A timer that goes off too early finds nothing due; only one for nothing at all is of no use.
    if (this.#sleepers.length === 0) this.#clearTimer()
  }

  #onTimer(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#stopTimer = undefined
    const now = this.#platform.now()
    while (this.#sleepers.length > 0 && (this.#times[0] as number) <= now) {
      const sleeper = this.#sleepers[0] as Sleeper
      this.#remove(0)
      try {
        sleeper.wake()
      } catch (error) {
        this.#platform.report(error)
      }
    }
    this.#setTimer()
  }

  #setTimer(): void {
    const at = this.#times[0]
    if (at === undefined || at >= this.#timerAt) return
    this.#clearTimer()
    this.#timerAt = at
    const ms = Math.max(0, Math.ceil(at - this.#platform.now()))
    this.#stopTimer = this.#platform.setTimer(ms, () => this.#onTimer(), false)
  }

  #clearTimer(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #remove(index: number): void {
    ;(this.#sleepers[index] as Sleeper).alarmIndex = -1
    const last = this.#sleepers.pop() as Sleeper
    const at = this.#times.pop() as number
    if (index === this.#sleepers.length) return
    this.#put(index, last, at)
    this.#up(index)
    this.#down(last.alarmIndex)
  }

  #up(from: number): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((this.#times[parent] as number) <= (this.#times[index] as number)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #down(from: number): void {
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= this.#times.length) return
      const right = child + 1
      if (right < this.#times.length && (this.#times[right] as number) < (this.#times[child] as number)) {
        child = right
      }
      if ((this.#times[index] as number) <= (this.#times[child] as number)) return
      this.#swap(index, child)
      index = child
    }
  }

  #swap(a: number, b: number): void {
    const sleeper = this.#sleepers[a] as Sleeper
    const at = this.#times[a] as number
    this.#put(a, this.#sleepers[b] as Sleeper, this.#times[b] as number)
    this.#put(b, sleeper, at)
  }

  #put(index: number, sleeper: Sleeper, at: number): void {
    this.#sleepers[index] = sleeper
    this.#times[index] = at
    sleeper.alarmIndex = index
  }
}
