import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Adapter, createAdapter, type Session } from '@lastword/server-adapter'
import { certificate, listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { createPageServer } from './page-server.ts'

/** Pages and WebSocket servers on one origin of this machine, over TLS. */
export interface Site {
  readonly port: number
  /** `https://127.0.0.1:<port>` */
  readonly origin: string
  /** Where the adapter listens. */
  readonly url: string
  readonly adapter: Adapter
  /** Every session that was opened, in order. */
  readonly sessions: readonly Session[]
  /** Puts another WebSocket server on the site, made with `noServer: true`; returns its URL. */
  mount(path: string, server: WebSocketServer): string
  /** Ends every connection, and resolves when the port is free. */
  close(): Promise<void>
}

export async function openSite(): Promise<Site> {
  const server = createPageServer(await certificate())
  const mounted = new Map<string, WebSocketServer>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const webSockets = mounted.get(request.url ?? '')
    if (webSockets === undefined) return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSockets.emit('connection', webSocket, request)
    })
  })
  const port = await listen(server)
  const mount = (path: string, webSockets: WebSocketServer) => {
    mounted.set(path, webSockets)
    return `wss://127.0.0.1:${port}${path}`
  }

  const adapter = createAdapter()
  const sessions: Session[] = []
  adapter.onSession((session) => sessions.push(session))
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: adapter.handleProtocols })
  webSockets.on('connection', adapter.connection())
  const url = mount('/ws', webSockets)

  const close = async () => {
    const closed = once(server, 'close')
    for (const { clients } of mounted.values()) for (const client of clients) client.terminate()
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { port, origin: `https://127.0.0.1:${port}`, url, adapter, sessions, mount, close }
}
