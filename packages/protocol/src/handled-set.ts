import type { SeqRange } from './envelope.ts'

/** Sequence numbers that are handled: every one up to `n`, and some above it. */
export class HandledSet {
  n = 0
  readonly above = new Set<number>()

  /** True if everything up to this number is handled now. */
  add(seq: number): boolean {
    if (seq !== this.n + 1) {
      this.above.add(seq)
      return false
    }
    this.n = seq
    if (this.above.size > 0) while (this.above.delete(this.n + 1)) this.n++
    return true
  }

  /** What is handled above `n`. */
  ranges(): SeqRange[] {
    return rangesOf([...this.above])
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
