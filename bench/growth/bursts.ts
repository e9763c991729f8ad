import { Pace } from '../harness/pace.ts'
import { LazyPair, withCpu } from '../harness/pair.ts'
import type { Contender, Metric, Sample, Workload } from '../harness/types.ts'
import type { JournalKind, Setting } from './work.ts'

const roles = { server: 'growth-lastword-server', client: 'growth-lastword-client' } as const

const metrics: readonly Metric[] = [
  { key: 'perSecond', label: 'messages', unit: '1/s', better: 'more' },
  { key: 'cpuSecondsPerMillion', label: 'CPU, both sides', unit: 's per million', better: 'less' },
  { key: 'megabytesPerSecond', label: 'payload', unit: 'MB/s', better: 'more', plotted: false },
]

interface Size {
  readonly id: string
  readonly label: string
  readonly setting: Setting
  readonly outstanding: number
  readonly bytes: number
}

const warmUpMs = 600

const unjournaled: Setting = { journal: 'none' }
const outstandingUsual = 1_000
const bytesUsual = 64
/** What the large messages on their way may take together. */
const outstandingBytesMax = 8 * 2 ** 20

const inFlight: readonly Size[] = [1, 16, 256, 1_024, 4_096, 16_384].map((outstanding) => ({
  id: `lastword-${outstanding}`,
  label: `${outstanding.toLocaleString('en')} in flight`,
  setting: { journal: 'none', window: { messages: 16_384, bytes: 64 * 2 ** 20 } },
  outstanding,
  bytes: bytesUsual,
}))

const payloads: readonly Size[] = (
  [
    [16, '16 B'],
    [256, '256 B'],
    [4_096, '4 KiB'],
    [65_536, '64 KiB'],
    [2 ** 20, '1 MiB'],
  ] as const
).map(([bytes, label]) => ({
  id: `lastword-${bytes}`,
  label,
  setting: unjournaled,
  outstanding: Math.min(outstandingUsual, outstandingBytesMax / bytes),
  bytes,
}))

const journals: readonly Size[] = (
  [
    ['none', 'no journal'],
    ['memory', 'in memory, on both sides'],
    ['level', 'LevelDB, on both sides'],
  ] satisfies [JournalKind, string][]
).map(([journal, label]) => ({
  id: `lastword-${journal}`,
  label,
  setting: { journal },
  outstanding: outstandingUsual,
  bytes: bytesUsual,
}))

/** How the cost of acknowledged messages on one connection grows with how many there are, how large they are, and what is kept. */
export function burstWorkloads(): Workload[] {
  return [
    burstWorkload('in-flight', 'More messages in flight, 64 B of JSON each', inFlight),
    burstWorkload('payload', 'Larger messages, 1,000 in flight, but at most 8 MiB', payloads),
    burstWorkload('journal', 'With a journal, 1,000 messages of 64 B in flight', journals),
  ]
}

function burstWorkload(id: string, title: string, sizes: readonly Size[]): Workload {
  return {
    id,
    title,
    metrics,
    baseline: (sizes[0] as Size).id,
    rounds: 5,
    start: async () => sizes.map(burstContender),
  }
}

function burstContender({ id, label, setting, outstanding, bytes }: Size): Contender {
  const pair = new LazyPair(roles, {}, async ({ server, client }) => {
    const address = await server.ask('listen', { tls: undefined, setting })
    await client.ask('open', { address, setting, connections: 1 })
  })
  const pace = new Pace({ sampleMs: 500, first: 20, most: 1_000_000 })
  let isWarm = false

  async function once(messages: number) {
    const both = await pair.get()
    const { result: seconds, cpu } = await withCpu(both, () =>
      both.client.ask('burst', { count: messages, outstanding, bytes }),
    )
    return { seconds, cpu }
  }

  return {
    id,
    label,
    async sample(): Promise<Sample> {
      if (!isWarm) await pace.warmUp(once, warmUpMs)
      isWarm = true
      const { count, seconds, cpu } = await pace.sample(once)
      return {
        perSecond: count / seconds,
        cpuSecondsPerMillion: ((cpu.server + cpu.client) * 1e6) / count,
        megabytesPerSecond: (count * bytes) / seconds / 1e6,
      }
    },
    stop: () => pair.stop(),
  }
}
