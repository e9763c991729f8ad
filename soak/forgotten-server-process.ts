import { createServer } from 'node:https'
import type { IncomingMessage } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import { listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { endWithParent, tellParent } from './child.ts'
import { openLog } from './forgotten/log.ts'
import type { FromServer, ToServer } from './forgotten/messages.ts'

/** A server without a journal, which will be killed, and one that comes in its place and knows of nothing. */

/** How long the slower handlers take, in ms. */
const slowMs = 15

const tell = (message: FromServer) => tellParent(message)

endWithParent()
process.once('message', (message: ToServer) => {
  serve(message).catch((error: unknown) => tell({ type: 'failed', message: String(error) }))
})

async function serve({ number: server, port, key, cert, log: path }: ToServer): Promise<void> {
  const log = openLog(path)
  // A small window, so that some wait behind it.
  const adapter = createAdapter({ window: { messages: 12 } })
  adapter.onSession((session) => {
    const handle = async (payload: unknown, { id, redelivered }: IncomingMessage) => {
      const number = payload as number
      const line = { server, sid: session.id, id, number, redelivered }
      log.write({ ...line, what: 'given' })
      // Some are still at work when the server is killed.
      if (number % 3 === 0) await new Promise((resolve) => setTimeout(resolve, slowMs))
      log.write({ ...line, what: 'done' })
      tell({ type: 'handled' })
      return number
    }
    session.handle('say', handle)
    session.handle('ask', handle)
  })
  const https = createServer({ key, cert })
  const wss = new WebSocketServer({ server: https, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  tell({ type: 'listening', port: await listen(https, port) })
}
