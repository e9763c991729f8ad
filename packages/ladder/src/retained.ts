/** One thing that was kept, and which one of all it was, from 0. */
export interface Kept<T> {
  position: number
  item: T
}

/**
 * Keeps the beginning and the end of something of any length, and what stands around whatever is worth seeing in
 * between; the rest it counts.
 */
export class Retained<T> {
  readonly #endMax: number
  readonly #head: Kept<T>[] = []
  readonly #between: Kept<T>[] = []
  /** The latest ones. One that leaves it goes `between` if it is worth seeing, or is forgotten. */
  readonly #tail: Array<Kept<T> & { worth: boolean }> = []
  #count = 0
  #around = 0

  /** Keeps about `max` things, and half as many again around what is worth seeing. */
  constructor(max: number) {
    this.#endMax = Math.max(1, Math.ceil(max / 2))
  }

  get count(): number {
    return this.#count
  }

  /** `worth`: that it, and what is next to it, should not be left out. */
  push(item: T, worth: boolean): void {
    const position = this.#count++
    if (this.#head.length < this.#endMax) {
      this.#head.push({ position, item })
      return
    }
    if (worth) {
      this.#around = aroundMax + 1
      for (const entry of this.#tail.slice(-aroundMax)) entry.worth = true
    }
    this.#tail.push({ position, item, worth: this.#around > 0 })
    this.#around = Math.max(0, this.#around - 1)
    if (this.#tail.length <= this.#endMax) return
    const leaving = this.#tail.shift()
    if (leaving?.worth && this.#between.length < this.#endMax) this.#between.push(leaving)
  }

  /** What was kept, in order. */
  items(): Kept<T>[] {
    return [...this.#head, ...this.#between, ...this.#tail]
  }
}

const aroundMax = 5
