import { isDeepStrictEqual } from 'node:util'
import type { CloseReport, Session } from '@lastword/sdk'
import type { Side } from '../part.ts'
import { expected, type Heard } from './conversation.ts'

/**
 * Resolves when both sides have ended as they must: clean, everything handled in order and once, every promise come
 * true. Rejects with what is wrong.
 */
export async function checkConversation(
  client: Session,
  servers: readonly Session[],
  heard: Record<Side, Heard>,
): Promise<void> {
  const clientReport = await client.closed
  const [server, ...others] = servers
  if (server === undefined) throw new Error('the server has no session')
  const reports = { client: clientReport, server: await server.closed }
  if (others.length > 0) throw new Error(`the server has made ${servers.length} sessions of one`)
  for (const side of ['client', 'server'] as const) {
    const { messages, requests, promises } = heard[side]
    same(`the messages that the ${side} was given`, messages, expected[side].messages)
    same(`the requests that the ${side} was given`, requests, expected[side].requests)
    checkReport(side, reports[side])
    await Promise.all(promises).catch((error: unknown) => {
      throw new Error(`a promise of the ${side} did not come true: ${error}`)
    })
  }
}

function checkReport(side: Side, report: CloseReport): void {
  const { clean, code, by, handledTotal, received, unknown, notSent, incoming } = report
  same(
    `the ${side}’s report`,
    { clean, code, by, handledTotal, received, unknown, notSent, incoming },
    {
      clean: true,
      code: 'finished',
      by: 'both',
      handledTotal: expected.handledTotal,
      received: [],
      unknown: [],
      notSent: [],
      incoming: { handledTotal: expected.handledTotal, unhandled: [] },
    },
  )
}

function same(what: string, actual: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(actual, wanted)) return
  throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`)
}
