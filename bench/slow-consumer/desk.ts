/** Somebody who handles one message after the other, and so many in a second. */
export class Desk {
  readonly #msEach: number
  readonly #waiting: Array<{ message: unknown; resolve: () => void }> = []
  /** When the one that is being handled is done, as far as it is known. */
  #freeAt = 0
  #timer: NodeJS.Timeout | undefined
  handled = 0

  constructor(perSecond: number) {
    this.#msEach = 1000 / perSecond
  }

  /** How many wait to be handled. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Resolves when a message that comes now is handled. */
  handle(message: unknown): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ message, resolve })
      if (this.#timer !== undefined) return
      this.#freeAt = Math.max(this.#freeAt, performance.now())
      this.#timer = setInterval(() => this.#work(), tickMs)
    })
  }

  #work(): void {
    const now = performance.now()
    let done = 0
    while (done < this.#waiting.length && this.#freeAt + this.#msEach <= now) {
      this.#freeAt += this.#msEach
      done += 1
    }
    for (const { resolve } of this.#waiting.splice(0, done)) {
      this.handled += 1
      resolve()
    }
    if (this.#waiting.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

const tickMs = 2
