import { SeqRing } from './seq-ring.ts'

/**
 * The sequence numbers above a base that are settled, as a forest of jumps: from each one to a higher one, behind
 * which nothing in between is open. A peer may say the same ranges again and again; skipping what is settled
 * costs next to nothing, however long the ranges are (union-find with path compression).
 */
export class SettledAbove {
  readonly #jumps: SeqRing<number>
  #base: number
  /** The highest number that was ever settled above the base. */
  highest = 0

  constructor(base: number) {
    this.#jumps = new SeqRing(base)
    this.#base = base
  }

  get isEmpty(): boolean {
    return this.highest < this.#base
  }

  add(seq: number): void {
    this.#jumps.set(seq, seq + 1)
    if (seq > this.highest) this.highest = seq
  }

  /** The lowest number from `seq` on that is not settled. */
  skip(seq: number): number {
    let open = seq
    for (let jump = this.#jumps.get(open); jump !== undefined; jump = this.#jumps.get(open)) open = jump
    for (let at = seq; at < open; ) {
      const next = this.#jumps.get(at) as number
      this.#jumps.set(at, open)
      at = next
    }
    return open
  }

  /** Everything below `base` is settled and will not be asked for again. */
  advance(base: number): void {
    const last = Math.min(base - 1, this.highest)
    for (let seq = this.#base; seq <= last; seq++) this.#jumps.delete(seq)
    this.#base = base
    this.#jumps.advance(base)
  }
}
