import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
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
  /** What becomes of upgrade requests: held, they are neither answered nor forgotten. @default 'taken' */
  upgrades: 'taken' | 'held' | 'refused'
  /** Every request of lastword that was a POST, in order. */
  readonly posts: readonly Post[]
  /** Ends every connection, and resolves when the port is free. */
  close(): Promise<void>
}

/** One POST of lastword. */
export interface Post {
  /** `once` or `poll`. */
  kind: string
  /** The length of its body, as its headers say. */
  bytes: number
  /** The status of its answer; 0 while there is none. */
  status: number
}

export async function openSite(adapterOptions: AdapterOptions = {}): Promise<Site> {
  const adapter = createAdapter(adapterOptions)
  const sessions: Session[] = []
  adapter.onSession((session) => sessions.push(session))

  const published = new Map<string, string | Uint8Array>()
  const pages = servePages(published)
  const posts: Post[] = []
  const server = createServer(await certificate(), (request, response) => {
    if (adapter.request(request, response)) posts.push(postOf(request, response))
    else pages(request, response)
  })
  const mounted = new Map<string, WebSocketServer>()
  const unanswered = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (site.upgrades === 'held') return void unanswered.add(socket.on('error', () => {}))
    const webSockets = mounted.get(request.url ?? '')
    if (webSockets === undefined) return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
    if (site.upgrades === 'refused') return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSockets.emit('connection', webSocket, request)
    })
  })
  const port = await listen(server)

  const site: Site = {
    port,
    origin: `https://127.0.0.1:${port}`,
    url: `wss://127.0.0.1:${port}/ws`,
    adapter,
    sessions,
    upgrades: 'taken',
    posts,
    mount(path, webSockets) {
      mounted.set(path, webSockets)
      return `wss://127.0.0.1:${port}${path}`
    },
    publish(path, content) {
      published.set(path, content)
      return `https://127.0.0.1:${port}${path}`
    },
    async close() {
      const closed = once(server, 'close')
      for (const { clients } of mounted.values()) for (const client of clients) client.terminate()
      for (const socket of unanswered) socket.destroy()
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: adapter.handleProtocols })
  webSockets.on('connection', adapter.connection())
  site.mount('/ws', webSockets)
  return site
}

function postOf(request: IncomingMessage, response: ServerResponse): Post {
  const query = new URL(request.url ?? '/', 'https://loopback').searchParams
  const post = {
    kind: query.get('lastword') ?? '',
    bytes: Number(request.headers['content-length'] ?? 0),
    status: 0,
  }
  response.once('finish', () => {
    post.status = response.statusCode
  })
  return post
}
