import { createServer } from 'node:https'
import { connect, type TraceOptions } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import { certificate, createProxy, listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'

export interface Recording {
  sid: string
  /** The ids of every message that either side sent. */
  ids: string[]
}

/**
 * A conversation over wss: requests, a batch, an answer that is cut on its way by a reset, a resumed session, a close.
 * It is over, and clean, when this resolves.
 */
export async function record(traces: { client?: TraceOptions; server?: TraceOptions }): Promise<Recording> {
  const { key, cert } = await certificate()
  const adapter = createAdapter({
    ...(traces.server && { trace: traces.server }),
    authenticate: ({ auth }) => (auth as { token: string }).token === 'hunter2' && 'ada',
  })
  const server = createServer({ key, cert })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  const port = await listen(server)
  let cut: (() => void) | undefined
  const proxy = await createProxy({
    targetPort: port,
    onConnection: (connection) => {
      // Only the first one is cut, under the answers to the batch.
      cut ??= () => connection.toClient.cutAfter(connection.toClient.bytesReceived + 600, 'reset')
    },
  })
  const ids: string[] = []
  adapter.onSession((session) => {
    session.handle('offer', ({ sdp }: { sdp: string }) => ({ sdp: `the answer to ${sdp}` }))
    session.handle('batch', async (index) => {
      ids.push(`s${index}`)
      if (index === 0) cut?.()
      await session.send('echo', 'x'.repeat(200), { id: `s${index}` })
    })
  })
  const session = connect(`wss://localhost:${proxy.port}/`, {
    tls: { ca: cert },
    auth: { token: 'hunter2' },
    reconnect: { nextDelayMs: () => 1 },
    ...(traces.client && { trace: traces.client }),
  })
  try {
    session.handle('echo', () => {})
    await session.request('offer', { sdp: 'the offer' }, { id: 'c-offer' })
    ids.push('c-offer')
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        ids.push(`c${index}`)
        return session.send('batch', index, { id: `c${index}` })
      }),
    )
    const report = await session.close({ reason: 'enough' })
    if (!report.clean) throw new Error(`the recorded session did not end clean: ${JSON.stringify(report)}`)
    return { sid: session.id, ids }
  } finally {
    session.abort()
    await session.closed
    await proxy.close()
    for (const client of wss.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  }
}
