import { describe, expect, it } from 'vitest'
import { Pace } from '../harness/pace.ts'

/** Work that takes a known time for each, on no clock at all. */
function workOf(msEach: number) {
  const counts: number[] = []
  return {
    counts,
    once: async (count: number) => {
      counts.push(count)
      return { seconds: (count * msEach) / 1000 }
    },
  }
}

describe('the pace of a contender', () => {
  it('comes to the number that takes as long as a sample, four times as many in each step at most', async () => {
    const { counts, once } = workOf(0.1)
    const pace = new Pace({ sampleMs: 1000, first: 100, most: 1e6 })
    for (let sample = 0; sample < 6; sample++) await pace.sample(once)
    expect(counts).toEqual([100, 400, 1600, 6400, 10_000, 10_000])
  })

  it('follows work that becomes slower, down to the first number, and up to the greatest', async () => {
    const pace = new Pace({ sampleMs: 1000, first: 100, most: 500 })
    const fast = workOf(0.1)
    for (let sample = 0; sample < 3; sample++) await pace.sample(fast.once)
    expect(fast.counts).toEqual([100, 400, 500])
    const slow = workOf(100)
    for (let sample = 0; sample < 3; sample++) await pace.sample(slow.once)
    expect(slow.counts).toEqual([500, 100, 100])
  })

  it('tells with each sample how many it was made of', async () => {
    const pace = new Pace({ sampleMs: 1000, first: 100, most: 1e6 })
    const { once } = workOf(1)
    expect(await pace.sample(once)).toEqual({ count: 100, seconds: 0.1 })
    expect(await pace.sample(once)).toEqual({ count: 400, seconds: 0.4 })
  })

  it('warms up for as long as it is told, and as long as a sample', async () => {
    const long = workOf(1)
    await new Pace({ sampleMs: 50, first: 10, most: 1e6 }).warmUp(long.once, 200)
    expect(long.counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(200)
    const short = workOf(1)
    await new Pace({ sampleMs: 300, first: 10, most: 1e6 }).warmUp(short.once, 200)
    expect(short.counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(300)
  })
})
