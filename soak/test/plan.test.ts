import { describe, expect, it } from 'vitest'
import { commandOf, planCuts } from '../cut/plan.ts'

const lengths = { burst: { client: 300, server: 200 }, steps: { client: 500, server: 400 } }
const combinations = 2 * 2 * 2 * 2

describe('where the conversations are cut', () => {
  it('is after every byte, in every combination', () => {
    const runs = planCuts(lengths, false, {})
    expect(runs).toHaveLength((301 + 201 + 501 + 401) * 4)
    expect(new Set(runs.map((run) => JSON.stringify(run))).size).toBe(runs.length)
  })

  it('is in the slice the same few places each time, others in each combination', () => {
    const runs = planCuts(lengths, true, {})
    expect(planCuts(lengths, true, {})).toEqual(runs)
    expect(runs.length).toBeLessThan(((301 + 201 + 501 + 401) * 4) / 40)
    const firsts = new Map<string, number>()
    for (const { at, ...combination } of runs) {
      const name = JSON.stringify(combination)
      firsts.set(name, Math.min(at, firsts.get(name) ?? at))
    }
    expect(firsts.size).toBe(combinations)
    expect(new Set(firsts.values()).size).toBe(combinations)
  })

  it('is one place when a run is repeated by the command that its failure names', () => {
    const run = { shape: 'steps', side: 'server', how: 'end', links: 2, at: 123 } as const
    expect(planCuts(lengths, false, run)).toEqual([run])
    expect(commandOf(run)).toBe(
      'npm run soak -- --only cut --at 123 --side server --how end --links 2 --shape steps',
    )
  })
})
