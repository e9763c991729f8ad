/**
 * Puts a clock that a run moves by hand in the place of the real one: `setTimeout` and `performance.now` go by it, and
 * what is ready to happen without time still happens by itself. Timers that are left are forgotten with the run.
 */
export class VirtualTime {
  #now = 1
  readonly #timers = new Map<number, { at: number; callback: () => void }>()
  #count = 0
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout }
  readonly #realNow = performance.now

  install(): void {
    globalThis.setTimeout = ((callback: () => void, ms = 0) => {
      const id = ++this.#count
      this.#timers.set(id, { at: this.#now + Math.max(1, ms), callback })
      return { id, ref() {}, unref() {}, hasRef: () => false }
    }) as unknown as typeof setTimeout
    globalThis.clearTimeout = ((timer: { id: number } | undefined) => {
      if (timer !== undefined) this.#timers.delete(timer.id)
    }) as typeof clearTimeout
    performance.now = () => this.#now
  }

  uninstall(): void {
    Object.assign(globalThis, this.#real)
    performance.now = this.#realNow
    this.#timers.clear()
  }

  /** Lets this much time pass, timer by timer; `settle` lets everything happen that each of them sets going. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0]
      if (due === undefined) break
      const [id, { at, callback }] = due
      this.#timers.delete(id)
      this.#now = Math.max(this.#now, at)
      callback()
      await settle()
    }
    this.#now = until
    await settle()
  }
}
