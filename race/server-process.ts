import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { endWithParent } from './child.ts'
import { patienceMs } from './matrix.ts'
import type { FromServer, StartServer } from './messages.ts'
import { servePlain } from './server/plain-server.ts'
import { createSessions } from './server/session-server.ts'

/**
 * The server's process: listens on ws and wss, and answers each round over the stack and in the way that the
 * address of its connection asks for.
 */

endWithParent()
process.once('message', (message: StartServer) => {
  start(message).catch((error: unknown) => tell({ type: 'failed', message: String(error) }))
})

async function start({ key, cert, ports, successor = false }: StartServer): Promise<void> {
  const sessions = createSessions(tell, successor)
  // noServer: which one takes a connection depends on its address.
  const patience = { closeTimeout: patienceMs }
  const plain = { usual: new WebSocketServer({ noServer: true }), brief: brief({}) }
  const speaking = {
    usual: new WebSocketServer({ noServer: true, handleProtocols: sessions.handleProtocols }),
    brief: brief({ handleProtocols: sessions.handleProtocols }),
  }
  for (const server of Object.values(plain)) server.on('connection', servePlain)
  for (const server of Object.values(speaking)) server.on('connection', sessions.serve)

  function brief(options: object): WebSocketServer {
    return new WebSocketServer({ noServer: true, ...patience, ...options })
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const query = new URL(request.url ?? '/', 'ws://server').searchParams
    const servers = query.get('stack') === 'lastword' ? speaking : plain
    const server = query.get('cell')?.includes('/timeout/') ? servers.brief : servers.usual
    server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request))
  }

  const http: Record<'ws' | 'wss', Server> = {
    ws: createHttpServer(),
    wss: createHttpsServer({ key, cert }),
  }
  for (const server of Object.values(http)) server.on('upgrade', onUpgrade)
  tell({
    type: 'listening',
    ports: { ws: await listen(http.ws, ports?.ws), wss: await listen(http.wss, ports?.wss) },
  })
}

function tell(message: FromServer): void {
  // A parent that has gone, or ends this process, is told nothing more.
  process.send?.(message, undefined, undefined, () => {})
}
