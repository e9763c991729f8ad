/**
 * A growable ring of values keyed by consecutive sequence numbers: O(1) to set, to look up and to forget, with no
 * hashing and no allocation while the span between the lowest and the highest key stays what it was.
 */
export class SeqRing<T> {
  #slots: Array<T | undefined>
  /** One less than there are slots, which are a power of two. */
  #mask = slotsMin - 1
  /** The lowest key that may hold a value. */
  #base: number

  constructor(base: number) {
    this.#base = base
    // As many as `slotsMin` says. Rings come and go with what is in them, and this is the quickest way to make one.
    this.#slots = [undefined, undefined, undefined, undefined]
  }

  get(seq: number): T | undefined {
    return seq < this.#base || seq - this.#base > this.#mask ? undefined : this.#slots[seq & this.#mask]
  }

  /** `seq` must not be below the base. */
  set(seq: number, value: T): void {
    while (seq - this.#base > this.#mask) this.#grow()
    this.#slots[seq & this.#mask] = value
  }

  delete(seq: number): void {
    if (this.get(seq) !== undefined) this.#slots[seq & this.#mask] = undefined
  }

  /** Says that no key below `base` will be used again; values below it must have been deleted. */
  advance(base: number): void {
    this.#base = base
  }

  /** True if it has many slots: when it is empty it is worth keeping then, for they are made one doubling after the other. */
  get isLarge(): boolean {
    return this.#mask >= slotsAtWork
  }

  #grow(): void {
    const size = this.#slots.length * 2
    const slots = new Array<T | undefined>(size).fill(undefined)
    for (let seq = this.#base; seq <= this.#base + this.#mask; seq++) {
      slots[seq & (size - 1)] = this.#slots[seq & this.#mask]
    }
    this.#slots = slots
    this.#mask = size - 1
  }
}

const slotsMin = 4
/** What is made again at no cost worth a thought. */
const slotsAtWork = 16
