import type { SeqRange } from './envelope.ts'

/** Sequence numbers that are handled: every one up to `n`, and some above it. */
export class HandledSet {
  n = 0
  /** Only while there are any. */
  #above: Set<number> | undefined

  /** True if everything up to this number is handled now. */
  add(seq: number): boolean {
    if (seq !== this.n + 1) {
      this.addAbove(seq)
      return false
    }
    this.n = seq
    if (this.#above !== undefined) this.#closeUp(this.#above)
    return true
  }

  addAbove(seq: number): void {
    this.#above ??= new Set()
    this.#above.add(seq)
  }

  get hasAbove(): boolean {
    return this.#above !== undefined
  }

  /** True if this one, which is above `n`, is handled. */
  has(seq: number): boolean {
    return this.#above?.has(seq) === true
  }

  /** What is handled above `n`; nothing if there is none. */
  above(): number[] | undefined {
    return this.#above && [...this.#above]
  }

  /** The same as ranges. */
  ranges(): SeqRange[] {
    return rangesOf(this.above() ?? [])
  }

  /** What follows `n` without a gap is not above it any more. */
  #closeUp(above: Set<number>): void {
    while (above.delete(this.n + 1)) this.n++
    if (above.size === 0) this.#above = undefined
  }
}

/** Numbers as ascending ranges that do not touch. */
export function rangesOf(numbers: number[]): SeqRange[] {
  const ranges: SeqRange[] = []
  for (const seq of numbers.sort((a, b) => a - b)) {
    const last = ranges[ranges.length - 1]
    if (last !== undefined && seq <= last[1] + 1) last[1] = Math.max(last[1], seq)
    else ranges.push([seq, seq])
  }
  return ranges
}

export function numbersOf(ranges: readonly SeqRange[]): number[] {
  const numbers: number[] = []
  for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) numbers.push(seq)
  return numbers
}
