import { createServer } from 'node:https'
import { createAdapter } from '@lastword/server-adapter'
import { levelJournal } from '@lastword/server-adapter/journal-level'
import { Level } from 'level'
import { WebSocketServer } from 'ws'
import { Random } from '../packages/protocol/test/sim/random.ts'
import { endWithParent, tellParent } from './child.ts'
import type { FromServer, ToServer } from './restarted/messages.ts'

/** A server that keeps its sessions in a journal on disk, and may be killed at any moment. */

const tell = (message: FromServer) => tellParent(message)

endWithParent()
process.on('message', ({ port, key, cert, folder, seed }: ToServer) => {
  const random = new Random(seed)
  const journal = levelJournal(new Level(folder))
  const adapter = createAdapter({ journal })
  adapter.on('refused', ({ reason, error }) => tell({ type: 'failed', message: `${reason}: ${error}` }))
  adapter.onSession((session) => {
    session.handle('item', async (_payload, { id, redelivered }) => {
      tell({ type: 'begun', id, redelivered })
      const turns = random.int(0, 4)
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      return id
    })
  })
  const server = createServer({ key, cert })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  server.on('error', (error) => tell({ type: 'failed', message: error.message }))
  server.listen(port, '127.0.0.1', () => {
    tell({ type: 'listening', port: (server.address() as { port: number }).port })
  })
})
