import { Pace } from '../harness/pace.ts'
import { LazyPair, withCpu } from '../harness/pair.ts'
import type { PeerOptions } from '../harness/peer.ts'
import type { Contender, Sample } from '../harness/types.ts'
import type { RoleName } from '../roles.ts'
import type { Tls } from '../stacks/listen.ts'
import { countMax } from '../throughput/work.ts'

/** Who asks and answers, in which roles. */
export interface Stack {
  readonly id: string
  readonly label: string
  readonly server: Extract<RoleName, `requests-${string}-server`>
  readonly client: Extract<RoleName, `requests-${string}-client`>
}

export interface RequestOptions {
  readonly outstanding: number
  readonly tls: Tls
  /** How long a sample is to take about, in ms. */
  readonly sampleMs: number
  readonly peers: PeerOptions
}

/** With how many requests the warm-up begins. */
const countFirst = 500
const warmUpMs = 600
/** How long the requests of a sample may take, in ms: many times what any of them took. */
const askMs = 30_000

/** A pair of processes that stay, with one connection between them. */
export function requestContender(stack: Stack, options: RequestOptions): Contender {
  const { outstanding, tls, sampleMs, peers } = options
  const pair = new LazyPair(stack, peers, async ({ server, client }) =>
    client.ask('connect', await server.ask('listen', tls)),
  )
  const pace = new Pace({ sampleMs, first: countFirst, most: countMax })
  let isWarm = false

  async function once(requests: number) {
    const both = await pair.get()
    const { result, cpu } = await withCpu(both, () =>
      both.client.ask('ask', { count: requests, outstanding }, askMs),
    )
    return { ...result, cpu }
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      if (!isWarm) await pace.warmUp(once, warmUpMs)
      isWarm = true
      const { count, seconds, p50Ms, p99Ms, cpu } = await pace.sample(once)
      return {
        p50Us: p50Ms * 1000,
        p99Us: p99Ms * 1000,
        perSecond: count / seconds,
        cpuSecondsPerMillion: ((cpu.server + cpu.client) / count) * 1e6,
      }
    },
    stop: () => pair.stop(),
  }
}
