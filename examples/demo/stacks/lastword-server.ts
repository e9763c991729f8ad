import { createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'
import { candidatesOf, chunksOf } from '../payloads.ts'
import { makeAnswer } from '../peers.ts'
import { rowById } from '../rows.ts'
import { peerKeptMs, type ServerStack } from './server-stack.ts'

interface Offer {
  sdp: string
  row: number
  talks: boolean
}

/** How long the sessions have to finish when the server's process ends, in ms. */
const shutdownMs = 10_000

/** A server with the adapter: it answers and closes at once, as the bare ones do. */
export const lastwordServer: ServerStack = (server) => {
  const adapter = createAdapter()

  adapter.onSession((session) => {
    session.handle('statistics', () => {})
    session.handle('candidate', () => {})
    session.handle('offer', async (payload) => {
      const offer = payload as unknown as Offer
      const row = rowById(offer.row)
      const peer = await makeAnswer(offer.sdp)
      for (const chunk of chunksOf(row.backlogBytes ?? 0)) watch(session.send('backlog', chunk))
      for (const candidate of candidatesOf(row.candidateBytes ?? 0))
        watch(session.send('candidate', { candidate }))
      if (offer.talks) setTimeout(() => peer.close(), peerKeptMs).unref()
      else peer.close()
      if (row.exits) setImmediate(shutDown)
      else watch(session.close())
      return { sdp: peer.sdp }
    })
  })

  const webSocketServer = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  webSocketServer.on('connection', adapter.connection())

  async function shutDown(): Promise<void> {
    await adapter.shutdown({ deadlineMs: shutdownMs })
    process.exit(0)
  }
}

/** The client counts what arrived; a rejection must not end the process. */
function watch(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
