import type { ContenderResult } from './results.ts'
import type { Sample } from './types.ts'

/** A number that was measured once in each round. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly greatest: number
  readonly rounds: number
}

/** `undefined` where there is nothing to take the median of. */
export function figureOf(values: readonly number[]): Figure | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const least = sorted[0]
  const greatest = sorted[sorted.length - 1]
  if (least === undefined || greatest === undefined) return undefined
  return { median: medianOf(sorted), least, greatest, rounds: sorted.length }
}

/** The figure of one metric over the rounds that have it. */
export function figureOfMetric(contender: ContenderResult, key: string): Figure | undefined {
  return figureOf(contender.samples.flatMap((sample) => numberIn(sample, key)))
}

/**
 * One contender's metric divided by another's of the same round: what disturbs the machine in a round disturbs both.
 * Rounds that one of them did not do are left out.
 */
export function ratioOf(contender: ContenderResult, over: ContenderResult, key: string): Figure | undefined {
  return figureOf(
    contender.samples.flatMap((sample, round) => {
      const [mine] = numberIn(sample, key)
      const [theirs] = numberIn(over.samples[round], key)
      return mine === undefined || theirs === undefined || theirs === 0 ? [] : [mine / theirs]
    }),
  )
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function numberIn(sample: Sample | undefined, key: string): number[] {
  const value = sample?.[key]
  return value === undefined || !Number.isFinite(value) ? [] : [value]
}
