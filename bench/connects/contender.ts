import type { Serving } from '../conversation/conversing.ts'
import { type ConversationStack, type Party, startParty } from '../conversation/stacks.ts'
import type { Contender, Sample } from '../harness/types.ts'

export interface ConnectsOptions {
  readonly tls: Serving['tls']
  readonly parallel: number
  /** How long a sample is to take about, in ms. */
  readonly sampleMs: number
  readonly countMax: number
}

/** With how many conversations the warm-up begins. */
const countFirst = 100
/** In how many steps the warm-up comes to as many as take the time of a sample. */
const warmUpSteps = 3

/** A server and a client that stay, and have conversations, each with a connection of its own. */
export function connectsContender(stack: ConversationStack, options: ConnectsOptions): Contender {
  const { tls, parallel, sampleMs, countMax } = options
  let party: Promise<Party> | undefined
  let count = 0

  async function have(conversations: number) {
    party ??= startParty(stack, { tls, closer: 'client' })
    const { server, client, address } = await party
    const [serverBefore, clientBefore] = await Promise.all([server.usage(), client.usage()])
    const seconds = await client.ask('many', { address, count: conversations, parallel })
    const [serverAfter, clientAfter] = await Promise.all([server.usage(), client.usage()])
    return {
      seconds,
      serverCpu: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
      clientCpu: clientAfter.cpuSeconds - clientBefore.cpuSeconds,
    }
  }

  /** Compiles what is hot, and finds how many conversations take about as long as a sample is to. */
  async function warmUp(): Promise<number> {
    let found = countFirst
    for (let step = 1; step <= warmUpSteps; step++) {
      const { seconds } = await have(found)
      found = Math.min(countMax, Math.max(countFirst, Math.round((found / seconds) * (sampleMs / 1000))))
    }
    return found
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
      await (await party?.catch(() => undefined))?.end()
    },
  }
}
