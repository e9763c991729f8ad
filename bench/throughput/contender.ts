import { Pace } from '../harness/pace.ts'
import { LazyPair, withCpu } from '../harness/pair.ts'
import type { PeerOptions } from '../harness/peer.ts'
import type { Contender, Sample } from '../harness/types.ts'
import type { RoleName } from '../roles.ts'
import type { Tls } from '../stacks/listen.ts'
import { isBinary, isLarge } from './payload.ts'
import { countMax, type PayloadName, type Received, sumOf } from './work.ts'

/** Who sends and receives, in which roles. */
export interface Stack {
  readonly id: string
  readonly label: string
  readonly server: Extract<RoleName, `throughput-${string}-server`>
  readonly client: Extract<RoleName, `throughput-${string}-client`>
}

export interface ThroughputOptions {
  readonly payload: PayloadName
  readonly outstanding: number
  readonly tls: Tls
  /** How long a sample is to take about, in ms. */
  readonly sampleMs: number
  readonly peers: PeerOptions
}

/** With how many messages the warm-up begins. */
const countFirst = 500
/** How many small messages go before large ones. */
const warmingMessages = 20_000
/** How long the messages of a sample may take, in ms: many times what any of them took. */
const sendMs = 30_000

/** A pair of processes that stay, with one connection between them. */
export function throughputContender(stack: Stack, options: ThroughputOptions): Contender {
  const { payload, outstanding, tls, sampleMs, peers } = options
  const pair = new LazyPair(stack, peers, async ({ server, client }) =>
    client.ask('connect', await server.ask('listen', tls)),
  )
  const pace = new Pace({ sampleMs, first: countFirst, most: countMax })
  let isWarm = false

  async function once(messages: number, what = payload) {
    const both = await pair.get()
    const { server, client } = both
    await server.ask('expect', messages)
    const { result, cpu } = await withCpu(both, () =>
      Promise.all([
        server.ask('all', undefined, sendMs),
        client.ask('send', { payload: what, count: messages, outstanding }, sendMs),
      ]),
    )
    const [received, { startedMs, endedMs }] = result
    check(received, messages)
    return { seconds: (Math.max(endedMs, received.lastMs) - startedMs) / 1000, cpu }
  }

  /** Code is compiled for how often it runs, and large messages are few: small ones take the same way before them. */
  async function warmUp(): Promise<void> {
    isWarm = true
    if (isLarge(payload)) await once(warmingMessages, isBinary(payload) ? '64B-binary' : '64B')
    await pace.warmUp(once, isLarge(payload) ? 250 : 600)
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      if (!isWarm) await warmUp()
      const { count, seconds, cpu } = await pace.sample(once)
      const perMillion = 1e6 / count
      return {
        perSecond: count / seconds,
        cpuSecondsPerMillion: (cpu.server + cpu.client) * perMillion,
        senderCpuSecondsPerMillion: cpu.client * perMillion,
        receiverCpuSecondsPerMillion: cpu.server * perMillion,
      }
    },
    stop: () => pair.stop(),
  }
}

function check({ count, sum }: Received, expected: number): void {
  if (count === expected && sum === sumOf(expected)) return
  throw new Error(
    `${count} messages arrived of ${expected}, and their numbers make ${sum}, not ${sumOf(expected)}`,
  )
}
