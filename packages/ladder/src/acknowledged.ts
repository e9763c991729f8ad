/** An inclusive range of sequence numbers. */
export type SeqRange = [from: number, to: number]

/** What one direction's acknowledgements have covered so far. Its memory is bounded, whatever a trace says. */
export class Acknowledged {
  #n = 0
  readonly #above = new Set<number>()

  /** Everything up to it is handled. */
  get n(): number {
    return this.#n
  }

  has(seq: number): boolean {
    return seq <= this.#n || this.#above.has(seq)
  }

  /** Takes one `ack`; returns what no earlier one had covered. */
  take(n: number, also: readonly SeqRange[]): SeqRange[] {
    const fresh: SeqRange[] = []
    this.#cover(fresh, this.#n + 1, n)
    this.#n = Math.max(this.#n, n)
    for (const seq of this.#above) if (seq <= this.#n) this.#above.delete(seq)
    for (const [from, to] of also) this.#cover(fresh, Math.max(from, this.#n + 1), to)
    return fresh
  }

  #cover(fresh: SeqRange[], from: number, to: number): void {
    if (to < from) return
    if (to - from >= singleMax) {
      fresh.push([from, to])
      return
    }
    for (let seq = from; seq <= to; seq++) {
      if (this.#above.has(seq)) continue
      if (this.#above.size < aboveMax) this.#above.add(seq)
      const last = fresh.at(-1)
      if (last !== undefined && last[1] === seq - 1) last[1] = seq
      else fresh.push([seq, seq])
    }
  }
}

/** A range longer than this is not looked at number by number. */
const singleMax = 4096
const aboveMax = 16_384
