import { describe, expect, it } from 'vitest'
import { figureOf, figureOfMetric, ratioOf } from '../harness/figures.ts'
import { nameOf, targetsOf } from '../harness/targets.ts'
import { contenderResult, sampleResult } from './sample-case.ts'

describe('a figure', () => {
  it('is the median with the least and the greatest, of an odd and of an even number of rounds', () => {
    expect(figureOf([3, 1, 20])).toEqual({ median: 3, least: 1, greatest: 20, rounds: 3 })
    expect(figureOf([10, 2, 4, 1])).toEqual({ median: 3, least: 1, greatest: 10, rounds: 4 })
    expect(figureOf([])).toBeUndefined()
  })

  it('leaves out the rounds that were not done, and what is no number', () => {
    const contender = contenderResult('ws', [{ perSecond: 5 }, undefined, { perSecond: Number.NaN }, {}])
    expect(figureOfMetric(contender, 'perSecond')).toMatchObject({ median: 5, rounds: 1 })
  })

  it('as a ratio is taken within each round, not between medians', () => {
    const mine = contenderResult('lastword', [{ perSecond: 10 }, { perSecond: 200 }, { perSecond: 3000 }])
    const theirs = contenderResult('ws', [{ perSecond: 10 }, { perSecond: 400 }, { perSecond: 1000 }])
    // The medians would give 200 / 400.
    expect(ratioOf(mine, theirs, 'perSecond')).toEqual({ median: 1, least: 0.5, greatest: 3, rounds: 3 })
  })

  it('as a ratio needs both in the round', () => {
    const mine = contenderResult('lastword', [{ perSecond: 10 }, undefined, { perSecond: 8 }])
    const theirs = contenderResult('ws', [undefined, { perSecond: 4 }, { perSecond: 2 }])
    expect(ratioOf(mine, theirs, 'perSecond')).toEqual({ median: 4, least: 4, greatest: 4, rounds: 1 })
    expect(ratioOf(mine, contenderResult('ws', []), 'perSecond')).toBeUndefined()
    expect(ratioOf(mine, contenderResult('ws', [{ perSecond: 0 }]), 'perSecond')).toBeUndefined()
  })
})

describe('a target', () => {
  it('is held against the median of the ratios within the rounds, or of the figure itself', () => {
    // 3, 1.5 and 1.5 times as many; 2, 1 and 3 ms.
    const [ratio, itself] = targetsOf(sampleResult())
    expect(ratio).toMatchObject({ figure: { median: 1.5, rounds: 3 }, met: false })
    expect(itself).toMatchObject({ figure: { median: 2 }, met: false })
  })

  it('is met at its bound, from either side', () => {
    const { benchCase, workloads } = sampleResult()
    const common = { workload: 'small', contender: 'lastword', metric: 'perSecond' }
    const met = (bound: { atLeast?: number; atMost?: number }) =>
      targetsOf({ benchCase: { ...benchCase, targets: [{ ...common, ...bound }] }, workloads })[0]?.met
    expect(met({ atLeast: 300 })).toBe(true)
    expect(met({ atLeast: 301 })).toBe(false)
    expect(met({ atMost: 300 })).toBe(true)
    expect(met({ atMost: 299 })).toBe(false)
    expect(met({ atLeast: 100, atMost: 299 })).toBe(false)
  })

  it('of a workload that was not asked for is not told; one whose contender gave nothing is not met', () => {
    const result = sampleResult()
    expect(targetsOf(result).map(({ target }) => target.workload)).toEqual(['small', 'small'])
    result.workloads[0]?.contenders.pop()
    expect(targetsOf(result)[0]).toMatchObject({ figure: undefined, met: false })
  })

  it('is named by what it compares', () => {
    const [ratio, itself] = targetsOf(sampleResult())
    expect(ratio && nameOf(ratio)).toBe('small: lastword, messages ≥ 2 × ws')
    expect(itself && nameOf(itself)).toBe('small: lastword, p50 ≤ 1.5 ms')
  })
})
