import { checkFileLimit } from '../../soak/sessions/file-limit.ts'
import { LazyPair, withCpu } from '../harness/pair.ts'
import type { Contender, Metric, Sample, Workload } from '../harness/types.ts'
import type { Setting } from './work.ts'

const perSecond = 5_000
/** How long all connections may take to open, in ms. */
const openMs = 110_000
const setting: Setting = { journal: 'none' }

const stacks = {
  lastword: { label: 'lastword', server: 'growth-lastword-server', client: 'growth-lastword-client' },
  ws: { label: 'bare ws', server: 'growth-ws-server', client: 'growth-ws-client' },
} as const

const metrics: readonly Metric[] = [
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

/** The same messages at the same rate, over more and more connections, each message on another one than the one before. */
export function sessionsWorkload(quick: boolean): Workload {
  const numbers = quick ? [10, 10_000] : [10, 100, 1_000, 10_000]
  const seconds = quick ? 1 : 4
  return {
    id: 'sessions',
    title: `More connections, ${perSecond.toLocaleString('en')} messages a second over all of them`,
    metrics,
    baseline: 'lastword-10',
    rounds: quick ? 3 : 9,
    async start() {
      checkFileLimit(Math.max(...numbers))
      return (['lastword', 'ws'] as const).flatMap((stack) =>
        numbers.map((connections) => sessionsContender(stack, connections, seconds)),
      )
    },
  }
}

function sessionsContender(id: 'lastword' | 'ws', connections: number, seconds: number): Contender {
  const { label, ...roles } = stacks[id]
  const count = perSecond * seconds
  const pair = new LazyPair(roles, {}, async ({ server, client }) => {
    const address = await server.ask('listen', { tls: undefined, setting })
    await client.ask('open', { address, setting, connections }, openMs)
  })
  return {
    id: `${id}-${connections}`,
    label: `${label}, ${connections.toLocaleString('en')} connections`,
    async sample(): Promise<Sample> {
      const both = await pair.get()
      const { server, client } = both
      await server.ask('expect', count)
      const { cpu } = await withCpu(both, () =>
        Promise.all([server.ask('all'), client.ask('paced', { count, perSecond })]),
      )
      const perMillion = 1e6 / count
      return {
        cpuSecondsPerMillion: (cpu.server + cpu.client) * perMillion,
        senderCpuSecondsPerMillion: cpu.client * perMillion,
        receiverCpuSecondsPerMillion: cpu.server * perMillion,
      }
    },
    stop: () => pair.stop(),
  }
}
