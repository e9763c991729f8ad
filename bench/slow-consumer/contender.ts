import { nowMs } from '../harness/now.ts'
import { LazyPair } from '../harness/pair.ts'
import type { Contender, Sample } from '../harness/types.ts'
import type { RoleName } from '../roles.ts'

/** Who sends to a consumer that is slow, in which roles. */
export interface Stack {
  readonly id: string
  readonly label: string
  readonly server: Extract<RoleName, `slow-consumer-${string}-server`>
  readonly client: Extract<RoleName, `slow-consumer-${string}-client`>
}

/** A sender and a consumer that are new in every round: the most that they have held would stay the most. */
export function slowConsumerContender(stack: Stack, count: number): Contender {
  let pair: LazyPair<Stack['server'], Stack['client']> | undefined
  let isFirst = true

  async function measure(): Promise<Sample> {
    pair = new LazyPair(stack, {}, async ({ server, client }) =>
      client.ask('connect', await server.ask('listen', undefined)),
    )
    const { server, client } = await pair.get()
    await Promise.all([server.ask('watch'), client.ask('watch')])
    const startedMs = nowMs()
    const [lastMs] = await Promise.all([server.ask('all', count), client.ask('push', count)])
    const [receiver, sender] = await Promise.all([server.ask('peak'), client.ask('peak')])
    return {
      perSecond: (count * 1000) / (lastMs - startedMs),
      senderResidentMb: sender.residentBytes / 1e6,
      receiverResidentMb: receiver.residentBytes / 1e6,
      senderHeapMb: sender.heapBytes / 1e6,
      receiverHeapMb: receiver.heapBytes / 1e6,
    }
  }

  async function stop(): Promise<void> {
    await pair?.stop()
    pair = undefined
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      // Processes that are new need no warm-up.
      const isWarmUp = isFirst
      isFirst = false
      if (isWarmUp) return {}
      try {
        return await measure()
      } finally {
        await stop()
      }
    },
    stop,
  }
}
