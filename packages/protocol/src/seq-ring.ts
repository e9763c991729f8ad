/**
 * A growable ring of values keyed by consecutive sequence numbers: O(1) to set, to look up and to forget, with no
 * hashing and no allocation while the span between the lowest and the highest key stays what it was.
 */
export class SeqRing<T> {
  #slots: Array<T | undefined> = noSlots
  /** One less than there are slots, which are a power of two, or none. */
  #mask = -1
  /** The lowest key that may hold a value. */
  #base: number

  constructor(base: number) {
    this.#base = base
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

  /**
   * Says that nothing is in it: its slots are let go of, so that a session that is idle holds none. Many of them only if it
   * rests: those would soon be made again, one doubling after the other.
   */
  letGo(rests: boolean): void {
    if (this.#mask >= slotsAtWork && !rests) return
    this.#slots = noSlots
    this.#mask = -1
  }

  #grow(): void {
    const size = Math.max(slotsMin, this.#slots.length * 2)
    const slots = new Array<T | undefined>(size).fill(undefined)
    for (let seq = this.#base; seq <= this.#base + this.#mask; seq++) {
      slots[seq & (size - 1)] = this.#slots[seq & this.#mask]
    }
    this.#slots = slots
    this.#mask = size - 1
  }
}

const slotsMin = 4
/** What is made again without a thought. */
const slotsAtWork = 16

/** Nothing is ever read from it or written to it. */
const noSlots: never[] = Object.freeze([]) as never[]
