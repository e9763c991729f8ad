import { certificate } from '@lastword/testkit'
import { bufferutilIsNative } from '../harness/bufferutil.ts'
import type { BenchCase, Metric, Target, Workload } from '../harness/types.ts'
import { throughputContender } from './contender.ts'
import { bytesOf } from './payload.ts'
import { entrants } from './stacks.ts'
import type { PayloadName } from './work.ts'

const outstandingMax = 1000
/** Objects of some hundred bytes with what stands in them: 20 MB or so. */
const heldObjects = 200_000
/** Large messages are bounded by their bytes, for everybody the same. */
const outstandingBytesMax = 8 * 2 ** 20

const metrics: readonly Metric[] = [
  { key: 'perSecond', label: 'messages', unit: '1/s', better: 'more' },
  { key: 'cpuSecondsPerMillion', label: 'CPU, both sides', unit: 's per million', better: 'less' },
  {
    key: 'senderCpuSecondsPerMillion',
    label: 'CPU, sender',
    unit: 's per million',
    better: 'less',
    plotted: false,
  },
  {
    key: 'receiverCpuSecondsPerMillion',
    label: 'CPU, receiver',
    unit: 's per million',
    better: 'less',
    plotted: false,
  },
]

const titles: Readonly<Record<PayloadName, string>> = {
  '64B': '64 B of JSON',
  '64B-binary': '64 B, binary',
  '1KiB': '1 KiB of JSON',
  '64KiB-text': '64 KiB of JSON',
  '64KiB-binary': '64 KiB, binary',
}

type Scheme = 'ws' | 'wss'
const schemes: readonly Scheme[] = ['ws', 'wss']

interface Plan {
  readonly scheme: Scheme
  readonly payload: PayloadName
  readonly bufferutil?: boolean
  /** Both processes hold what an application might. */
  readonly held?: boolean
  /** A quick run does the workloads that have targets, and those of them that masking decides. */
  readonly inQuick: boolean
}

const plans: readonly Plan[] = [
  ...schemes.flatMap((scheme): Plan[] => [
    { scheme, payload: '64B', inQuick: true },
    { scheme, payload: '1KiB', inQuick: false },
    { scheme, payload: '64KiB-text', inQuick: true },
    { scheme, payload: '64KiB-binary', inQuick: true },
  ]),
  { scheme: 'ws', payload: '64B', bufferutil: true, inQuick: false },
  { scheme: 'wss', payload: '64B', bufferutil: true, inQuick: false },
  { scheme: 'ws', payload: '64KiB-text', bufferutil: true, inQuick: true },
  { scheme: 'ws', payload: '64KiB-binary', bufferutil: true, inQuick: true },
  { scheme: 'ws', payload: '64KiB-binary', held: true, inQuick: false },
  { scheme: 'ws', payload: '64KiB-binary', bufferutil: true, held: true, inQuick: false },
]

export const throughput: BenchCase = {
  number: 1,
  id: 'throughput',
  title: 'One way, every message acknowledged',
  about:
    'One connection, 1,000 messages on their way at once, but at most 8 MiB of them. JSON messages are objects that are written as JSON by their sender and parsed by their receiver, of the size that is named; the receiver adds up the numbers that stand in them, and the sum is checked. Who does not acknowledge has sent when the receiver has received. Nobody has bufferutil, but in the workloads that say so.',
  workloads: ({ quick }) =>
    plans.filter(({ inQuick }) => inQuick || !quick).map((plan) => workloadOf(plan, quick)),
  targets: [
    { workload: 'ws-64B', contender: 'lastword', metric: 'perSecond', over: 'ws', atLeast: 5 },
    { workload: 'ws-64B', contender: 'lastword', metric: 'perSecond', over: 'socket.io', atLeast: 10 },
    { workload: 'ws-64B', contender: 'lastword', metric: 'cpuSecondsPerMillion', atMost: 3 },
    { workload: 'wss-64B', contender: 'lastword', metric: 'perSecond', over: 'ws', atLeast: 1.3 },
    { workload: 'wss-64B', contender: 'lastword', metric: 'perSecond', over: 'socket.io', atLeast: 7 },
    ...plans.flatMap(targetOfLarge),
  ],
}

function workloadOf({ scheme, payload, bufferutil = false, held = false }: Plan, quick: boolean): Workload {
  const outstanding = Math.min(outstandingMax, outstandingBytesMax / bytesOf[payload])
  const few = bufferutil || held || (quick && payload !== '64B')
  const stacks = entrants
    .filter(({ inTargets }) => inTargets === true || !few)
    // The targets with bufferutil compare with bare ws alone.
    .filter(({ id }) => id !== 'socket.io' || !bufferutil || !quick)
  return {
    id: idOf({ scheme, payload, bufferutil, held }),
    title: [
      `${titles[payload]} over ${scheme}://`,
      ...(bufferutil ? ['with bufferutil'] : []),
      ...(held ? ['each process holding 200,000 objects'] : []),
      `${outstanding} on their way`,
    ].join(', '),
    metrics,
    baseline: 'ws',
    rounds: quick ? 3 : 11,
    async start(_signal, note) {
      if (bufferutil && !bufferutilIsNative())
        note('bufferutil has no native build for this machine, so this is ws without it once more.')
      const tls = scheme === 'wss' ? await certificate() : undefined
      const options = {
        payload,
        outstanding,
        tls,
        sampleMs: quick ? 120 : 1000,
        peers: { bufferutil, ...(held && { heldObjects }) },
      }
      return stacks.flatMap((stack) => {
        const why = stack.absent?.(payload, scheme)
        if (why === undefined) return [throughputContender(stack, options)]
        note(`Without ${stack.id}: ${why}.`)
        return []
      })
    },
  }
}

function targetOfLarge(plan: Plan): Target[] {
  if (plan.held) return []
  if (plan.payload !== '64KiB-text' && plan.payload !== '64KiB-binary') return []
  const atLeast = plan.payload === '64KiB-text' ? 0.75 : 0.9
  return [{ workload: idOf(plan), contender: 'lastword', metric: 'perSecond', over: 'ws', atLeast }]
}

function idOf({ scheme, payload, bufferutil, held }: Omit<Plan, 'inQuick'>): string {
  return `${scheme}-${payload}${bufferutil ? '-bufferutil' : ''}${held ? '-held' : ''}`
}
