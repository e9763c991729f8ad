import { Peer, type PeerOptions } from '../harness/peer.ts'
import type { Contender, Sample } from '../harness/types.ts'
import type { RoleName } from '../roles.ts'
import type { Tls } from '../stacks/listen.ts'
import { bytesOf } from './payload.ts'
import { countMax, type PayloadName, type Received, type Sent, sumOf } from './work.ts'

type ServerRole = Extract<RoleName, `throughput-${string}-server`>
type ClientRole = Extract<RoleName, `throughput-${string}-client`>

/** Who sends and receives, in which roles. */
export interface Stack {
  readonly id: string
  readonly label: string
  readonly server: ServerRole
  readonly client: ClientRole
}

export interface ThroughputOptions {
  readonly payload: PayloadName
  readonly outstanding: number
  readonly tls: Tls
  /** How long a sample is to take about, in ms. */
  readonly sampleMs: number
  readonly peers?: PeerOptions
}

/** With how many messages the warm-up begins. */
const countFirst = 500
/** In how many steps the warm-up comes to the number of messages that takes as long as is asked for. */
const warmUpSteps = 4

/** A pair of processes that stay, with one connection between them. */
export function throughputContender(stack: Stack, options: ThroughputOptions): Contender {
  const { payload, outstanding, tls, sampleMs, peers } = options
  let pair: Promise<{ server: Peer<ServerRole>; client: Peer<ClientRole> }> | undefined
  const started: Peer<RoleName>[] = []
  let count = 0

  async function start() {
    const server = await Peer.start(stack.server, peers)
    started.push(server)
    const client = await Peer.start(stack.client, peers)
    started.push(client)
    await client.ask('connect', await server.ask('listen', tls))
    return { server, client }
  }

  async function once(messages: number) {
    pair ??= start()
    const { server, client } = await pair
    await server.ask('expect', messages)
    const [serverBefore, clientBefore] = await Promise.all([server.usage(), client.usage()])
    const [received, sent] = await Promise.all([
      server.ask('all', undefined),
      client.ask('send', { payload, count: messages, outstanding }),
    ])
    const [serverAfter, clientAfter] = await Promise.all([server.usage(), client.usage()])
    check(received, messages)
    return {
      seconds: secondsOf(sent, received),
      serverCpu: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
      clientCpu: clientAfter.cpuSeconds - clientBefore.cpuSeconds,
    }
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      if (count === 0) count = await warmUp(once, sampleMs)
      const { seconds, serverCpu, clientCpu } = await once(count)
      return {
        perSecond: count / seconds,
        mibPerSecond: (count * bytesOf[payload]) / 2 ** 20 / seconds,
        cpuSecondsPerMillion: ((serverCpu + clientCpu) / count) * 1e6,
        senderCpuSecondsPerMillion: (clientCpu / count) * 1e6,
        receiverCpuSecondsPerMillion: (serverCpu / count) * 1e6,
      }
    },
    async stop() {
      await Promise.all(started.map((peer) => peer.end()))
    },
  }
}

/** Compiles what is hot, and finds how many messages take about `sampleMs`. */
async function warmUp(
  once: (count: number) => Promise<{ seconds: number }>,
  sampleMs: number,
): Promise<number> {
  let count = countFirst
  for (let step = 1; step <= warmUpSteps; step++) {
    const { seconds } = await once(count)
    const wanted = (count / seconds) * (sampleMs / 1000) * (step / warmUpSteps)
    count = Math.min(countMax, Math.max(countFirst, Math.round(wanted)))
  }
  return count
}

function secondsOf({ startedMs, endedMs }: Sent, { lastMs }: Received): number {
  return (Math.max(endedMs, lastMs) - startedMs) / 1000
}

function check({ count, sum }: Received, expected: number): void {
  if (count === expected && sum === sumOf(expected)) return
  throw new Error(
    `${count} messages arrived of ${expected}, and their numbers make ${sum}, not ${sumOf(expected)}`,
  )
}
