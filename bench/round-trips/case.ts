import { certificate } from '@lastword/testkit'
import { http, lastword, socketIo, ws } from '../conversation/stacks.ts'
import type { BenchCase, Metric, Target, Workload } from '../harness/types.ts'
import { roundTripsContender } from './contender.ts'

const schemes = ['ws', 'wss'] as const
const delayMs = 50
/** What timers and processes may take of a round trip of 100 ms, each time that one of them waits for the other. */
const tolerance = 0.15

const metrics: readonly Metric[] = [
  { key: 'answerRoundTrips', label: 'to the Answer', unit: 'RTT', better: 'less' },
  { key: 'knownRoundTrips', label: 'until the server knows', unit: 'RTT', better: 'less' },
  { key: 'closedRoundTrips', label: 'until all is closed', unit: 'RTT', better: 'less' },
  {
    key: 'knownAfterRoundTrips',
    label: 'the server knows, after the Answer',
    unit: 'RTT',
    better: 'less',
  },
  { key: 'closedAfterRoundTrips', label: 'all closed, after that', unit: 'RTT', better: 'less' },
]

const stacks = [
  ws,
  socketIo,
  http,
  lastword,
  { ...lastword, id: 'lastword-no-early', label: 'lastword, early: false', early: false },
]

export const roundTrips: BenchCase = {
  number: 4,
  id: 'round-trips',
  title: 'Round trips to the Answer, and to the end',
  about: `A client connects and sends an Offer; the server answers and closes at once. Between them is a proxy that delays every chunk, and the end of every direction, by ${delayMs} ms each way. The handshake of TCP does not take that way, and is added as one round trip. The server knows when it has been told that the Answer was handled; all is closed when both connections of the proxy have ended in both directions.`,
  workloads: ({ quick }) => schemes.map((scheme) => workloadOf(scheme, quick)),
  targets: schemes.flatMap(targetsOf),
}

function workloadOf(scheme: 'ws' | 'wss', quick: boolean): Workload {
  return {
    id: scheme,
    title: `Over ${scheme}://, a round trip of ${2 * delayMs} ms, TCP's own handshake counted as 1`,
    metrics,
    baseline: 'ws',
    rounds: quick ? 3 : 21,
    async start() {
      const tls = scheme === 'wss' ? await certificate() : undefined
      return Promise.all(stacks.map((stack) => roundTripsContender(stack, tls, delayMs)))
    },
  }
}

function targetsOf(workload: 'ws' | 'wss'): Target[] {
  const contender = 'lastword'
  return [
    { workload, contender, metric: 'answerRoundTrips', atMost: workload === 'ws' ? 2.1 : 3.1 },
    { workload, contender, metric: 'knownAfterRoundTrips', atMost: 1 },
    { workload, contender, metric: 'closedAfterRoundTrips', atMost: 1 + tolerance },
  ]
}
