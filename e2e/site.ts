import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { type Adapter, type AdapterOptions, createAdapter, type Session } from '@lastword/server-adapter'
import { certificate, listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { servePages } from './page-server.ts'

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
  /** Puts a file on the site; returns its URL. A page (`.html`) is under the site's policy. */
  publish(path: string, content: string | Uint8Array): string
  /** Ends every connection, and resolves when the port is free. */
  close(): Promise<void>
}

export async function openSite(adapterOptions: AdapterOptions = {}): Promise<Site> {
  const published = new Map<string, string | Uint8Array>()
  const server = createServer(await certificate(), servePages(published))
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

  const origin = `https://127.0.0.1:${port}`
  const publish = (path: string, content: string | Uint8Array) => {
    published.set(path, content)
    return origin + path
  }

  const adapter = createAdapter(adapterOptions)
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
  return { port, origin, url, adapter, sessions, mount, publish, close }
}
