import type { Serving } from '../conversation/conversing.ts'
import { type ConversationStack, startParty } from '../conversation/stacks.ts'
import type { Contender, Sample } from '../harness/types.ts'

export interface ConnectsOptions {
  readonly tls: Serving['tls']
  readonly parallel: number
  /** How long a sample is to take about, in ms. */
  readonly sampleMs: number
  readonly countMax: number
  /** How many conversations are had before anything is measured: a server that has just started is another case. */
  readonly warmUpCount: number
}

/** How many conversations the last part of the warm-up has, which finds out how many take the time of a sample. */
const countFirst = 100
/** How many conversations are had at once to compile what is hot. */
const warmUpParallel = 50

/** A server and a client that stay, and have conversations, each with a connection of its own. Both start at once. */
export function connectsContender(stack: ConversationStack, options: ConnectsOptions): Contender {
  const { tls, parallel, sampleMs, countMax, warmUpCount } = options
  const party = startParty(stack, { tls, closer: 'client' })
  // It is told by the first sample.
  party.catch(() => {})
  let count = 0

  async function have(conversations: number, atOnce = parallel) {
    const { server, client, address } = await party
    const [serverBefore, clientBefore] = await Promise.all([server.usage(), client.usage()])
    const seconds = await client.ask('many', { address, count: conversations, parallel: atOnce })
    const [serverAfter, clientAfter] = await Promise.all([server.usage(), client.usage()])
    return {
      seconds,
      serverCpu: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
      clientCpu: clientAfter.cpuSeconds - clientBefore.cpuSeconds,
    }
  }

  async function warmUp(): Promise<number> {
    await have(warmUpCount, warmUpParallel)
    const { seconds } = await have(countFirst)
    return Math.min(countMax, Math.max(countFirst, Math.round((countFirst / seconds) * (sampleMs / 1000))))
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      if (count === 0) count = await warmUp()
      const { seconds, serverCpu, clientCpu } = await have(count)
      return {
        perSecond: count / seconds,
        cpuSecondsPerThousand: ((serverCpu + clientCpu) / count) * 1000,
        clientCpuSecondsPerThousand: (clientCpu / count) * 1000,
        serverCpuSecondsPerThousand: (serverCpu / count) * 1000,
      }
    },
    async stop() {
      await (await party.catch(() => undefined))?.end()
    },
  }
}
