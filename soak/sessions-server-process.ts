import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import { createAdapter } from '@lastword/server-adapter'
import { listen } from '@lastword/testkit'
import { type WebSocket, WebSocketServer } from 'ws'
import { collectGarbage } from '../packages/protocol/test/collect-garbage.ts'
import { endWithParent, tellParent } from './child.ts'
import type { FromServer, Sight, ToServer } from './sessions/messages.ts'

/** A server with many connections: sessions, or WebSockets and nothing else. */

const counts: Omit<Sight, 'memory' | 'links'> = { made: 0, parked: 0, resumed: 0, clean: 0, unclean: 0 }
const sockets = new Set<Socket>()
const tell = (message: FromServer) => tellParent(message)

endWithParent()
process.on('message', (message: ToServer) => {
  follow(message).catch((error: unknown) => {
    tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
})

async function follow(message: ToServer): Promise<void> {
  if (message.type === 'serve') return serve(message)
  if (message.type === 'cut') {
    for (const socket of sockets) socket.resetAndDestroy()
    return tell({ type: 'cut' })
  }
  // What a connection leaves behind goes in the turns after its end, and the more of it in the second collection.
  await collectGarbage()
  await collectGarbage()
  const { rss, heapUsed, external } = process.memoryUsage()
  const memory = { resident: rss, heap: heapUsed + external }
  tell({ type: 'seen', sight: { memory, links: sockets.size, ...counts } })
}

async function serve({ kind, key, cert }: Extract<ToServer, { type: 'serve' }>): Promise<void> {
  const server = createServer({ key, cert })
  // The sockets below TLS: a reset has to be one of TCP.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  if (kind === 'sessions') serveSessions(server)
  else serveBare(server)
  tell({ type: 'listening', port: await listen(server) })
}

function serveBare(server: ReturnType<typeof createServer>): void {
  new WebSocketServer({ server }).on('connection', (socket: WebSocket) => {
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
}

function serveSessions(server: ReturnType<typeof createServer>): void {
  // Nothing but what the soak does may happen to a session while the others are opened: no ping, no expiry.
  const adapter = createAdapter({ ttlMs: 3_600_000, keepaliveMs: 600_000, sessionsPerIdentityMax: 100_000 })
  adapter.onSession((session) => {
    counts.made += 1
    session.handle('echo', (value) => value)
    session.on('recovering', () => {
      counts.parked += 1
    })
    session.on('recovered', () => {
      counts.parked -= 1
      counts.resumed += 1
    })
    session.on('closed', ({ clean }) => {
      if (clean) counts.clean += 1
      else counts.unclean += 1
    })
  })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
}
