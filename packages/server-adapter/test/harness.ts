import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect as connectTo, type NodeConnectOptions, type Session, type TraceEvent } from '@lastword/sdk'
import { certificate, createProxy, listen, type Proxy, type ProxyConnection, until } from '@lastword/testkit'
import { afterEach } from 'vitest'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type Adapter, type AdapterOptions, type ConnectionHandler, createAdapter } from '../src/index.ts'

export type Scheme = 'ws' | 'wss'
export const schemes: Scheme[] = ['ws', 'wss']

const closers: Array<() => unknown> = []

/** Runs at the end of the test, the latest first. */
export function atTheEnd(close: () => unknown): void {
  closers.push(close)
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

export interface Served {
  adapter: Adapter
  wss: WebSocketServer
  server: Server
  port: number
  /** The address, through the proxy if there is one. */
  url: string
  proxy: Proxy
  /** Sessions that the adapter has made, in order. */
  sessions: Session[]
  /** Opens a session that trusts the certificate and ends with the test. */
  connect(options?: NodeConnectOptions, path?: string): Session
  /** A `ws` client that speaks whatever the test says. */
  raw(protocols?: string[], options?: ClientOptions): WebSocket
}

export interface ServeOptions {
  adapter?: AdapterOptions
  wss?: ServerOptions | ((adapter: Adapter) => ServerOptions)
  existing?: ConnectionHandler<WebSocket>
  /** Called for each connection through the proxy before any byte; without it there is no proxy. */
  onConnection?: (connection: ProxyConnection) => void
}

/** An adapter on a server on a free port. */
export async function serve(scheme: Scheme, options: ServeOptions = {}): Promise<Served> {
  const { key, cert } = await certificate()
  const adapter = createAdapter(options.adapter)
  const server = scheme === 'wss' ? createHttpsServer({ key, cert }) : createHttpServer()
  const wssOptions = typeof options.wss === 'function' ? options.wss(adapter) : options.wss
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols, ...wssOptions })
  wss.on('connection', adapter.connection(options.existing))
  const port = await listen(server)
  atTheEnd(() => {
    for (const client of wss.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  const { onConnection } = options
  const proxy = await createProxy({ targetPort: port, ...(onConnection && { onConnection }) })
  atTheEnd(() => proxy.close())
  const sessions: Session[] = []
  adapter.onSession((session) => {
    sessions.push(session)
    // An error that a test does not look at should not fill the output.
    session.on('error', () => {})
    atTheEnd(() => session.abort())
  })
  const url = `${scheme}://localhost:${onConnection ? proxy.port : port}/`
  return {
    adapter,
    wss,
    server,
    port,
    url,
    proxy,
    sessions,
    connect: (clientOptions = {}, path = '') => open(url + path, { tls: { ca: cert }, ...clientOptions }),
    raw(protocols = ['lastword.1'], rawOptions = {}) {
      const socket = new WebSocket(url, protocols, { ca: cert, ...rawOptions })
      socket.on('error', () => {})
      atTheEnd(() => socket.terminate())
      return socket
    },
  }
}

/** Opens a session that ends with the test. */
export function open(url: string, options: NodeConnectOptions = {}): Session {
  const session = connectTo(url, options)
  session.on('error', () => {})
  atTheEnd(async () => {
    session.abort()
    await session.closed
  })
  return session
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createHttpServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The promise itself; that nobody waits for it yet is no fault, should it reject. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** The promise, or a failure that names it once its time is over. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for ${what}, in vain`)), timeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Every message, with its cause's, that an error shows when it is logged or made JSON. */
export function everythingSaidBy(error: unknown): string {
  let said = ''
  for (let one = error; one instanceof Error; one = one.cause) {
    said += `${one.message} ${one.stack} ${JSON.stringify(one)} ${JSON.stringify(Object.entries(one))}\n`
  }
  return said
}

export function envelopesOf(trace: TraceEvent[], dir: 'in' | 'out'): string[] {
  const names: string[] = []
  for (const event of trace) if (event.type === 'envelope' && event.dir === dir) names.push(event.envelope.t)
  return names
}

export { until }
