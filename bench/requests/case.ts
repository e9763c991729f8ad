import { certificate } from '@lastword/testkit'
import { oneCore } from '../harness/cores.ts'
import type { BenchCase, Metric, Workload } from '../harness/types.ts'
import { requestContender, type Stack } from './contender.ts'

const metrics: readonly Metric[] = [
  { key: 'p50Us', label: 'p50', unit: 'µs', better: 'less' },
  { key: 'p99Us', label: 'p99', unit: 'µs', better: 'less' },
  { key: 'perSecond', label: 'requests', unit: '1/s', better: 'more' },
  { key: 'cpuSecondsPerMillion', label: 'CPU, both sides', unit: 's per million', better: 'less' },
]

/** The first one is the baseline. */
const stacks: readonly Stack[] = [
  { id: 'ws', label: 'bare ws, echo', server: 'requests-ws-server', client: 'requests-ws-client' },
  {
    id: 'ws-ids',
    label: 'bare ws, JSON with ids',
    server: 'requests-ws-ids-server',
    client: 'requests-ws-ids-client',
  },
  {
    id: 'socket.io',
    label: 'Socket.IO emitWithAck()',
    server: 'requests-socket-io-server',
    client: 'requests-socket-io-client',
  },
  {
    id: 'rpc-websockets',
    label: 'rpc-websockets call()',
    server: 'requests-rpc-websockets-server',
    client: 'requests-rpc-websockets-client',
  },
  {
    id: 'lastword',
    label: 'lastword request()',
    server: 'requests-lastword-server',
    client: 'requests-lastword-client',
  },
]

type Scheme = 'ws' | 'wss'

export const requests: BenchCase = {
  number: 2,
  id: 'requests',
  title: 'Request and reply',
  about:
    'One connection, 1 or 100 requests waiting at once, 64 bytes of JSON each way; the client checks that each reply belongs to its request. The echo of bare ws is not even parsed by its server. With one waiting, both processes run on one core: what a processor takes to wake another one up would hide what the libraries take. MQTT is not here: it has no reply to a message, but topics for each direction with a broker between two clients.',
  workloads: ({ quick }) => [
    workloadOf('ws', 1, quick),
    workloadOf('ws', 100, quick),
    ...(quick ? [] : [workloadOf('wss', 1, quick), workloadOf('wss', 100, quick)]),
  ],
  targets: [
    { workload: 'ws-1', contender: 'lastword', metric: 'p50Us', over: 'ws', atMost: 1.3 },
    { workload: 'ws-100', contender: 'lastword', metric: 'perSecond', over: 'ws', atLeast: 2 },
  ],
}

function workloadOf(scheme: Scheme, outstanding: number, quick: boolean): Workload {
  return {
    id: `${scheme}-${outstanding}`,
    title: `${scheme}://, ${outstanding} waiting`,
    metrics,
    baseline: 'ws',
    rounds: quick ? 5 : 11,
    async start(_signal, note) {
      const core = outstanding === 1 ? oneCore() : undefined
      if (outstanding === 1 && core === undefined)
        note('There is no taskset here, so the two processes did not share one core.')
      const tls = scheme === 'wss' ? await certificate() : undefined
      const peers = core === undefined ? {} : { core }
      const options = { outstanding, tls, sampleMs: quick ? 150 : 1000, peers }
      return stacks.map((stack) => requestContender(stack, options))
    },
  }
}
