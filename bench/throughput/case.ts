import { certificate } from '@lastword/testkit'
import type { BenchCase, Metric, Target, Workload } from '../harness/types.ts'
import { throughputContender } from './contender.ts'
import { bytesOf } from './payload.ts'
import { stacks } from './stacks.ts'
import type { PayloadName } from './work.ts'

const outstandingMax = 1000
/** Large messages are bounded by their bytes: for everybody the same. */
const outstandingBytesMax = 8 * 2 ** 20

const metrics: readonly Metric[] = [
  { key: 'perSecond', label: 'messages', unit: '1/s', better: 'more' },
  { key: 'cpuSecondsPerMillion', label: 'CPU, both sides', unit: 's per million', better: 'less' },
  { key: 'senderCpuSecondsPerMillion', label: 'CPU, sender', unit: 's per million', better: 'less' },
  { key: 'receiverCpuSecondsPerMillion', label: 'CPU, receiver', unit: 's per million', better: 'less' },
]

const schemes = ['ws', 'wss'] as const
const payloads: readonly PayloadName[] = ['64B', '1KiB', '64KiB-text', '64KiB-binary']

export const throughput: BenchCase = {
  number: 1,
  id: 'throughput',
  title: 'One way, every message acknowledged',
  about:
    'One connection, 1,000 messages on their way at once, but at most 8 MiB of them. A receiver parses every message and adds up the numbers in them; the sum is checked.',
  workloads: ({ quick }) =>
    schemes.flatMap((scheme) => payloads.map((payload) => workloadOf(scheme, payload, quick))),
  targets: schemes.flatMap(targetsOf),
}

function workloadOf(scheme: 'ws' | 'wss', payload: PayloadName, quick: boolean): Workload {
  const outstanding = Math.min(outstandingMax, outstandingBytesMax / bytesOf[payload])
  return {
    id: `${scheme}-${payload}`,
    title: `${payload.replace('-', ' ')} over ${scheme}://, ${outstanding} on their way`,
    metrics,
    baseline: 'ws',
    rounds: quick ? 3 : 11,
    async start() {
      const tls = scheme === 'wss' ? await certificate() : undefined
      const options = { payload, outstanding, tls, sampleMs: quick ? 200 : 1000 }
      return stacks.map((stack) => throughputContender(stack, options))
    },
  }
}

function targetsOf(scheme: 'ws' | 'wss'): Target[] {
  const common = { contender: 'lastword', metric: 'perSecond', over: 'ws' }
  return [
    { ...common, workload: `${scheme}-64B`, atLeast: scheme === 'ws' ? 5 : 1.3 },
    { ...common, workload: `${scheme}-64KiB-binary`, atLeast: 0.9 },
    { ...common, workload: `${scheme}-64KiB-text`, atLeast: 0.75 },
  ]
}
