import type { CaseResult, ContenderResult, WorkloadResult } from '../harness/results.ts'
import type { BenchCase, Contender, Sample, Workload } from '../harness/types.ts'

/** What the tests of the harness measure: nothing real, so that no figure depends on the machine. */

export function workloadOf(id: string, contenders: readonly Contender[] = []): Workload {
  return {
    id,
    title: `the work of ${id}`,
    metrics: [
      { key: 'perSecond', label: 'messages', unit: '1/s', better: 'more' },
      { key: 'p50Ms', label: 'p50', unit: 'ms', better: 'less', plotted: false },
    ],
    baseline: 'ws',
    rounds: 3,
    start: async () => contenders,
  }
}

export const sampleCase: BenchCase = {
  number: 1,
  id: 'first',
  title: 'The <first> case',
  about: 'How it is measured.',
  workloads: ({ quick }) => (quick ? [workloadOf('small')] : [workloadOf('small'), workloadOf('large')]),
  targets: [
    { workload: 'small', contender: 'lastword', metric: 'perSecond', over: 'ws', atLeast: 2 },
    { workload: 'small', contender: 'lastword', metric: 'p50Ms', atMost: 1.5 },
    { workload: 'large', contender: 'lastword', metric: 'perSecond', atLeast: 1 },
  ],
}

export function contenderResult(id: string, samples: readonly (Sample | undefined)[]): ContenderResult {
  return { id, label: `the ${id}`, samples: [...samples] }
}

/** Two contenders, three rounds, of which the second lacks one. */
export function sampleResult(): CaseResult {
  const workload: WorkloadResult = {
    workload: workloadOf('small'),
    contenders: [
      contenderResult('ws', [
        { perSecond: 100, p50Ms: 1 },
        { perSecond: 200, p50Ms: 1 },
        { perSecond: 400, p50Ms: 1 },
      ]),
      contenderResult('lastword', [
        { perSecond: 300, p50Ms: 2 },
        { perSecond: 300, p50Ms: 1 },
        { perSecond: 600, p50Ms: 3 },
      ]),
    ],
    notes: ['measured by candle-light'],
  }
  return { benchCase: sampleCase, workloads: [workload] }
}
