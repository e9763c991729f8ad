import { describe, expect, it } from 'vitest'
import { describeFailure, runSeed } from './sim/run-seed.ts'
import { Statistics } from './sim/statistics.ts'

/** `npm run sim` runs more of them; a seed that fails there becomes a named test in session-machine.test.ts. */
const seeds = 1_500

describe('the simulated world', () => {
  it('keeps every promise over many seeds, and leaves nothing untried', { timeout: 120_000 }, () => {
    const total = new Statistics()
    for (let seed = 1; seed <= seeds; seed++) {
      const result = runSeed(seed)
      if (result.violation !== undefined) expect.fail(describeFailure(result))
      total.add(result.statistics)
    }
    expect(total.missing()).toEqual([])
    expect(total.counts.get('page went away with something to say')).toBeGreaterThan(100)
  })

  it('runs the same way each time a seed is given', () => {
    const story = (seed: number) => runSeed(seed, { trace: true }).trace
    expect(story(7)).toEqual(story(7))
    expect(story(7)).not.toEqual(story(8))
  })

  it('tells the seed, the promise, the story and the command when a run fails', () => {
    const deaf = { wrap: () => ({ handle: () => {} }) as never }
    const told = describeFailure(runSeed(3, deaf), deaf)
    expect(told).toMatch(/^seed 3 breaks "liveness": it threw/)
    expect(told).toContain('VIOLATED')
    expect(told).toMatch(/npm run sim -- --seeds 1 --from 3 --trace$/)
  })
})
