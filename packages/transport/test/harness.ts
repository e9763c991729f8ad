import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import {
  certificate,
  createProxy,
  listen,
  type Proxy,
  type ProxyConnection,
  type ProxyDirection,
  until,
} from '@lastword/testkit'
import { Agent, WebSocket as UndiciWebSocket } from 'undici'
import { afterEach, expect } from 'vitest'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import {
  createNodeLink,
  type Link,
  type LinkEnd,
  type NodeLinkOptions,
  nodeLinkOpener,
  type OpenLinkOptions,
  openBrowserLink,
  type WebSocketConstructor,
} from '../src/node.ts'

const closers: (() => unknown)[] = []
const records: Record[] = []

/** Runs at the end of the test, the latest first. */
export function atTheEnd(close: () => unknown): void {
  closers.push(close)
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  for (const record of records.splice(0)) {
    const ends = record.log.filter((entry) => entry === 'end').length
    expect(ends, 'ends told').toBeLessThanOrEqual(1)
    if (ends === 1) expect(record.log.at(-1), 'the last thing told').toBe('end')
  }
})

/** What a link told its listener, in order. */
export interface Record {
  log: ('open' | 'frame' | 'drain' | 'end')[]
  frames: (string | Uint8Array)[]
  /** What `onFrame` said of the length of each frame. */
  bytes: number[]
  end: LinkEnd | undefined
  onDrain: (() => void) | undefined
}

export function record(link: Link): Record {
  const record: Record = { log: [], frames: [], bytes: [], end: undefined, onDrain: undefined }
  records.push(record)
  link.attach({
    onOpen() {
      record.log.push('open')
    },
    onFrame(frame, bytes) {
      record.log.push('frame')
      record.frames.push(frame)
      record.bytes.push(bytes)
    },
    onDrain() {
      record.log.push('drain')
      record.onDrain?.()
    },
    onEnd(end) {
      record.log.push('end')
      record.end = end
    },
  })
  return record
}

export async function ended(heard: Record, timeoutMs?: number): Promise<LinkEnd> {
  return until(() => heard.end, { what: 'the end of the link', ...(timeoutMs && { timeoutMs }) })
}

/** A WebSocket server on a free port that closes with the test. */
export async function serve(
  secure: boolean,
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  options: ServerOptions & { closeTimeout?: number } = {},
): Promise<number> {
  const server: Server = secure ? createSecureServer(await certificate()) : createServer()
  const sockets = new WebSocketServer({ server, ...options })
  sockets.on('connection', onConnection)
  atTheEnd(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

export function url(secure: boolean, port: number): string {
  return `${secure ? 'wss' : 'ws'}://localhost:${port}`
}

/** Which link is under test. The peer is always a bare socket of ws. */
export type Side = 'node client' | 'node server' | 'browser'

export interface Pair {
  link: Link
  heard: Record
  peer: WebSocket
  /** What came to the peer, in order. */
  peerFrames: (string | Buffer)[]
  peerClose: { code: number; reason: string } | undefined
  proxy: Proxy
  connection: ProxyConnection
  toLink: ProxyDirection
  toPeer: ProxyDirection
}

/** One link and its peer, connected through a proxy, open on both sides. */
export async function pair(
  side: Side,
  secure: boolean,
  options: Partial<OpenLinkOptions> & Pick<NodeLinkOptions, 'endsFirst' | 'lingerMs'> = {},
  // How long ws itself lets its close handshake take, in ms.
  { closeTimeout = 30_000 }: { closeTimeout?: number } = {},
): Promise<Pair> {
  let peer: WebSocket | undefined
  let link: Link | undefined
  const found: Partial<Pair> = { peerFrames: [] }

  function meetPeer(socket: WebSocket): void {
    peer = socket
    socket.on('message', (data, isBinary) =>
      found.peerFrames?.push(isBinary ? (data as Buffer) : String(data)),
    )
    socket.on('close', (code, reason) => {
      found.peerClose = { code, reason: reason.toString() }
    })
    socket.on('error', () => {})
    atTheEnd(() => socket.terminate())
  }

  const port = await serve(
    secure,
    (socket, request) => {
      if (side === 'node server') link = createNodeLink(socket, { ...options, rawSocket: request.socket })
      else meetPeer(socket)
    },
    side === 'node server' ? { closeTimeout } : {},
  )
  const proxy = await createProxy({ targetPort: port })
  atTheEnd(() => proxy.close())
  const { cert } = await certificate()
  if (side === 'node server') {
    const socket = new WebSocket(url(secure, proxy.port), ['test'], { ca: cert, perMessageDeflate: false })
    meetPeer(socket)
    await until(() => link && socket.readyState === socket.OPEN, { what: 'the connection' })
  } else {
    const all = { protocols: ['test'], ...options }
    link =
      side === 'browser'
        ? openBrowserLink(url(secure, proxy.port), { ...all, webSocket: await undiciWebSocket() })
        : nodeLinkOpener({ ca: cert, closeTimeout })(url(secure, proxy.port), all)
  }
  const heard = record(link as Link)
  atTheEnd(() => link?.abort())
  await until(() => heard.log.includes('open') && peer, { what: 'the link to open' })
  const connection = proxy.connections[0] as ProxyConnection
  const atServer = side === 'node server'
  return Object.assign(found, {
    link: link as Link,
    heard,
    peer: peer as unknown as WebSocket,
    proxy,
    connection,
    toLink: atServer ? connection.toServer : connection.toClient,
    toPeer: atServer ? connection.toClient : connection.toServer,
  }) as Pair
}

/** undici's standard WebSocket, which trusts the test's certificate. */
export async function undiciWebSocket(): Promise<WebSocketConstructor> {
  const { cert } = await certificate()
  const dispatcher = new Agent({ connect: { ca: cert } })
  atTheEnd(() => dispatcher.destroy())
  class TrustingWebSocket extends UndiciWebSocket {
    constructor(address: string, protocols: string | string[] = []) {
      super(address, { protocols, dispatcher })
    }
  }
  return TrustingWebSocket as unknown as WebSocketConstructor
}

/** Waits until a figure has not changed for many questions in a row, the last ones 2 ms apart. */
export async function atRest(figure: () => number): Promise<void> {
  let before = figure()
  let same = 0
  await until(
    () => {
      same = figure() === before ? same + 1 : 0
      before = figure()
      return same > 150
    },
    { what: 'bytes to stop moving', timeoutMs: 20_000 },
  )
}
