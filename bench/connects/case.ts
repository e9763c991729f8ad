import { certificate } from '@lastword/testkit'
import { lastword, rpcWebsockets, socketIo, ws } from '../conversation/stacks.ts'
import type { BenchCase, Metric, Target, Workload } from '../harness/types.ts'
import { connectsContender } from './contender.ts'

const schemes = ['ws', 'wss'] as const
const parallels = [1, 50] as const
/** Each connection leaves a port behind that cannot be used again for a minute: there must be enough of them. */
const countMax = 1_000

const metrics: readonly Metric[] = [
  { key: 'perSecond', label: 'conversations', unit: '1/s', better: 'more' },
  { key: 'cpuSecondsPerThousand', label: 'CPU, both sides', unit: 's per 1,000', better: 'less' },
  { key: 'clientCpuSecondsPerThousand', label: 'CPU, client', unit: 's per 1,000', better: 'less' },
  { key: 'serverCpuSecondsPerThousand', label: 'CPU, server', unit: 's per 1,000', better: 'less' },
]

export const connects: BenchCase = {
  number: 3,
  id: 'connects',
  title: 'Connect, ask, have the answer, close',
  about:
    'A connection of its own for each request of some 250 bytes, which the client closes when it has the answer. It is over when the connection has ended in good order: for bare ws with both close frames, for lastword with everything handled on both sides as well. Both processes have had more than a thousand conversations before: what has just started is slower, and the more so the more code it has.',
  workloads: ({ quick }) =>
    schemes.flatMap((scheme) => parallels.map((parallel) => workloadOf(scheme, parallel, quick))),
  targets: schemes.flatMap((scheme) => parallels.flatMap((parallel) => targetsOf(idOf(scheme, parallel)))),
}

function workloadOf(scheme: 'ws' | 'wss', parallel: number, quick: boolean): Workload {
  return {
    id: idOf(scheme, parallel),
    title: `${parallel === 1 ? 'One after the other' : `${parallel} at a time`} over ${scheme}://`,
    metrics,
    baseline: 'ws',
    rounds: quick ? 3 : 11,
    async start() {
      const tls = scheme === 'wss' ? await certificate() : undefined
      const options = {
        tls,
        parallel,
        sampleMs: quick ? 150 : 1000,
        countMax,
        warmUpCount: quick ? 1500 : 5000,
      }
      // Warming up takes most of the time of a quick run, which has only those that the targets name.
      const stacks = quick ? [ws, socketIo, lastword] : [ws, socketIo, rpcWebsockets, lastword]
      return stacks.map((stack) => connectsContender(stack, options))
    },
  }
}

function idOf(scheme: string, parallel: number): string {
  return `${scheme}-${parallel}`
}

function targetsOf(workload: string): Target[] {
  const common = { workload, contender: 'lastword', metric: 'perSecond' }
  return [
    { ...common, over: 'ws', atLeast: 0.85 },
    { ...common, over: 'socket.io', atLeast: 1.5 },
  ]
}
