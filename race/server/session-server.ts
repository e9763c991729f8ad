import type { IncomingMessage } from 'node:http'
import { createAdapter } from '@lastword/server-adapter'
import type { WebSocket } from 'ws'
import { messageBytesMax, processEnds } from '../matrix.ts'
import type { FromServer } from '../messages.ts'
import { answerOf } from '../payloads.ts'
import { planOf } from '../plan.ts'
import { Adversary } from './adversary.ts'

/** How long the sessions have to finish when the process ends, in ms. */
const shutdownMs = 60_000

/** A server over lastword, as a user would write it, with an adversary below it. */
export function createSessions(tell: (message: FromServer) => void, successor: boolean) {
  const adapter = createAdapter({ maxBytes: messageBytesMax })
  const adversary = new Adversary()
  const connection = adapter.connection()
  let waiting: (() => void)[] = []

  /** Resolves for all rounds of a batch in the same turn: when the last of them has asked. */
  function allAsked(batch: number): Promise<void> {
    return new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length < batch) return
      for (const goOn of waiting) goOn()
      waiting = []
    })
  }

  let exiting = false
  async function exit(): Promise<void> {
    if (exiting) return
    exiting = true
    await adapter.shutdown({ deadlineMs: shutdownMs })
    process.exit(0)
  }

  adapter.onSession((session, { request }) => {
    const plan = planOf(request.url ?? '/')
    if (plan === undefined) return
    const { cell, round, batch } = plan
    let asked = false
    session.handle('ask', async () => {
      if (asked) tell({ type: 'asked-twice', round })
      asked = true
      if (processEnds(cell) && !successor) await allAsked(batch)
      if (cell.way === 'exit') setImmediate(() => void exit())
      else if (cell.way !== 'kill' || successor) void session.close()
      return answerOf(cell.size)
    })
    session.handle('upload', () => {})
    // Never handled, so nobody may ever be told that it was.
    session.handle('unfinished', () => new Promise(() => {}))
    void session.closed.then(({ clean }) => tell({ type: 'report', round, clean }))
  })

  return {
    handleProtocols: adapter.handleProtocols,
    serve(socket: WebSocket, request: IncomingMessage): void {
      const plan = planOf(request.url ?? '/')
      if (plan !== undefined && !successor) adversary.watch(socket, request.socket, plan)
      connection(socket, request)
    },
  }
}
