import type { Serving } from '../conversation/conversing.ts'
import { type ConversationStack, type Party, startParty } from '../conversation/stacks.ts'
import type { Contender, Sample } from '../harness/types.ts'
import { createDelayProxy, type DelayProxy } from './delay-proxy.ts'

/** How many conversations, past the line, make sure that nothing is done for the first time when it counts. */
const warmUpCount = 30

/** A server and a client that stay, and between them a line so long that only round trips count. Both start at once. */
export function roundTripsContender(
  stack: ConversationStack,
  tls: Serving['tls'],
  delayMs: number,
): Contender {
  const { early } = stack
  const starting = start(stack, tls, delayMs)
  // It is told by the first sample.
  starting.catch(() => {})
  let warm = false

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      const { party, proxy } = await starting
      const { server, client, address } = party
      if (!warm) {
        for (let n = 0; n < warmUpCount; n++) await client.ask('one', { address, early })
        warm = true
        return {}
      }
      const { startedMs, answeredMs } = await client.ask('one', {
        address: { ...address, port: proxy.port },
        early,
      })
      const closedMs = await proxy.closed()
      const knownMs = await server.ask('known')
      const roundTripsUntil = (ms: number) => 1 + (ms - startedMs) / (2 * delayMs)
      return {
        answerRoundTrips: roundTripsUntil(answeredMs),
        closedRoundTrips: roundTripsUntil(closedMs),
        ...(knownMs !== undefined && {
          knownRoundTrips: roundTripsUntil(knownMs),
          knownAfterRoundTrips: (knownMs - answeredMs) / (2 * delayMs),
          closedAfterRoundTrips: (closedMs - knownMs) / (2 * delayMs),
        }),
      }
    },
    async stop() {
      const started = await starting.catch(() => undefined)
      await started?.proxy.stop()
      await started?.party.end()
    },
  }
}

async function start(
  stack: ConversationStack,
  tls: Serving['tls'],
  delayMs: number,
): Promise<{ party: Party; proxy: DelayProxy }> {
  const party = await startParty(stack, { tls, closer: 'server' })
  return { party, proxy: await createDelayProxy(party.address.port, delayMs) }
}
