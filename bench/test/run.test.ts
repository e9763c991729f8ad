import { describe, expect, it } from 'vitest'
import { orderOf, runWorkload } from '../harness/run.ts'
import { isWhole, runCases } from '../harness/run-cases.ts'
import type { Contender } from '../harness/types.ts'
import { sampleCase, workloadOf } from './sample-case.ts'

const quiet = { sample() {}, failed() {} }
const never = new AbortController().signal

/** Contenders that write down when they work, and that they were ended. */
function contenders(log: string[], ids: readonly string[], sample = (_id: string) => Promise.resolve({})) {
  return ids.map(
    (id): Contender => ({
      id,
      label: id,
      sample() {
        log.push(id)
        return sample(id)
      },
      async stop() {
        log.push(`${id} stopped`)
      },
    }),
  )
}

describe('a workload', () => {
  it('is done by each contender once to warm up and once in each round, in an order that moves on', async () => {
    const log: string[] = []
    const workload = workloadOf('w', contenders(log, ['a', 'b', 'c']))
    await runWorkload(workload, 3, never, quiet)
    expect(log.slice(0, 12).join('')).toBe('abcbcacababc')
    expect(log.slice(12)).toEqual(['a stopped', 'b stopped', 'c stopped'])
  })

  it('puts every contender in every place as often, over as many rounds as there are contenders', () => {
    const orders = [0, 1, 2, 3].map((round) => orderOf(4, round))
    for (const place of [0, 1, 2, 3]) expect(orders.map((order) => order[place]).sort()).toEqual([0, 1, 2, 3])
  })

  it('keeps the samples of its rounds and not that of the warm-up', async () => {
    let count = 0
    const sample = async () => ({ perSecond: count++ })
    const result = await runWorkload(workloadOf('w', contenders([], ['a'], sample)), 2, never, quiet)
    expect(result.contenders[0]?.samples).toEqual([{ perSecond: 1 }, { perSecond: 2 }])
  })

  it('goes on without a contender that failed, which is ended and told', async () => {
    const log: string[] = []
    const failed: string[] = []
    const sample = async (id: string) => {
      if (id === 'b' && log.filter((entry) => entry === 'b').length === 2) throw new Error('out of breath')
      return { perSecond: 1 }
    }
    const workload = workloadOf('w', contenders(log, ['a', 'b'], sample))
    const result = await runWorkload(workload, 2, never, {
      sample() {},
      failed: (id, why) => failed.push(`${id}: ${why}`),
    })
    expect(failed).toEqual(['b: out of breath'])
    expect(result.contenders).toMatchObject([
      { id: 'a', samples: [{ perSecond: 1 }, { perSecond: 1 }] },
      { id: 'b', samples: [], failure: 'out of breath' },
    ])
    // In the second round it does not work any more.
    expect(log.slice(0, 6)).toEqual(['a', 'b', 'b', 'b stopped', 'a', 'a'])
    expect(isWhole([{ benchCase: sampleCase, workloads: [result] }])).toBe(false)
  })

  it('that cannot start says why, and is not whole', async () => {
    const workload = { ...workloadOf('w'), start: () => Promise.reject(new Error('no port is free')) }
    const result = await runWorkload(workload, 2, never, quiet)
    expect(result).toMatchObject({ contenders: [], failure: 'no port is free' })
    expect(isWhole([{ benchCase: sampleCase, workloads: [result] }])).toBe(false)
  })

  it('keeps each note once', async () => {
    const workload = {
      ...workloadOf('w'),
      async start(_signal: AbortSignal, note: (text: string) => void) {
        note('no taskset')
        note('no taskset')
        return []
      },
    }
    expect((await runWorkload(workload, 1, never, quiet)).notes).toEqual(['no taskset'])
  })

  it('that is interrupted gives what there is, ends everybody, and blames nobody', async () => {
    const log: string[] = []
    const interrupt = new AbortController()
    const sample = (id: string) => {
      if (id !== 'b' || log.filter((entry) => entry === 'b').length < 3)
        return Promise.resolve({ perSecond: 7 })
      interrupt.abort()
      // A sample that hears nothing of it.
      return new Promise<never>(() => {})
    }
    const workload = workloadOf('w', contenders(log, ['a', 'b'], sample))
    const result = await runWorkload(workload, 5, interrupt.signal, quiet)
    expect(result.contenders.map(({ samples, failure }) => ({ samples: samples.length, failure }))).toEqual([
      { samples: 2, failure: undefined },
      { samples: 1, failure: undefined },
    ])
    expect(log.slice(-2)).toEqual(['a stopped', 'b stopped'])
  })

  it('that is interrupted while it starts ends who starts after all', async () => {
    const log: string[] = []
    const interrupt = new AbortController()
    let started = (_contenders: Contender[]) => {}
    const workload = {
      ...workloadOf('w'),
      start: () => new Promise<Contender[]>((resolve) => (started = resolve)),
    }
    const running = runWorkload(workload, 1, interrupt.signal, quiet)
    interrupt.abort()
    expect(await running).toMatchObject({ contenders: [] })
    started(contenders(log, ['late']))
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['late stopped'])
  })
})

describe('the cases that are asked for', () => {
  it('are done in their order, each workload that was asked for, with its own rounds or those asked for', async () => {
    const told: string[] = []
    const events = { sample: (what: string) => told.push(what), line() {}, workload: () => told.push('done') }
    const [a] = contenders([], ['a'])
    const benchCase = {
      ...sampleCase,
      workloads: () => ['small', 'large'].map((id) => workloadOf(id, a === undefined ? [] : [a])),
    }
    const asked = { quick: false, chosen: new Map([[1, new Set(['large'])]]), rounds: 1 }
    const results = await runCases([benchCase], asked, never, events)
    expect(told).toEqual(['first/large: a, warm-up', 'first/large: a, round 1 of 1', 'done'])
    expect(results.map(({ workloads }) => workloads.map(({ workload }) => workload.id))).toEqual([['large']])
    expect(isWhole(results)).toBe(true)
    expect(await runCases([benchCase], { ...asked, chosen: new Map() }, never, events)).toEqual([])
  })
})
