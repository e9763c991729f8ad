import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { certificate, listen, until } from '@lastword/testkit'
import { WebSocket } from 'ws'
import { createNodeLink, type Link, type NodeLinkOptions } from '../src/node.ts'
import { atTheEnd, type Record, record, serve, url } from './harness.ts'

export const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A peer that speaks the protocol byte by byte, and so can break it. It answers nothing by itself. */
export interface RawPeer {
  socket: Socket
  /** What the link sent behind the handshake, so far. */
  received(): Buffer
  /** One whole frame, masked where the peer is the client. */
  frame(opcode: number, payload?: Buffer | string): Buffer
  closeFrame(code: number): Buffer
}

export interface RawPair {
  link: Link
  heard: Record
  peer: RawPeer
  /** The socket of ws below the link, and the connection below that. */
  webSocket: WebSocket
  raw: Socket
  /** Listeners that were put on those two since before the link was made, or have been left there. */
  listenersAdded(): string[]
}

export type NodeSide = 'node client' | 'node server'

/** A Node link and a raw peer, connected and open. */
export async function rawPair(
  side: NodeSide,
  secure: boolean,
  options: NodeLinkOptions = {},
): Promise<RawPair> {
  const met: { webSocket?: WebSocket; raw?: Socket; link?: Link; peerSocket?: Socket } = {}
  const added: (() => string[])[] = []
  if (side === 'node server') {
    const port = await serve(secure, (webSocket, { socket: raw }: IncomingMessage) => {
      added.push(listenersSince(webSocket), listenersSince(raw))
      const link = createNodeLink(webSocket, { ...options, rawSocket: raw })
      Object.assign(met, { webSocket, raw, link })
    })
    const socket = secure
      ? tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true } as object)
      : connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    met.peerSocket = socket
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
  } else {
    const onSocket = (socket: Socket) => {
      met.peerSocket = socket
    }
    const server = secure
      ? createTlsServer({ ...(await certificate()), allowHalfOpen: true } as object, onSocket)
      : createServer({ allowHalfOpen: true }, onSocket)
    atTheEnd(() => server.close())
    const port = await listen(server)
    const webSocket = new WebSocket(url(secure, port), { rejectUnauthorized: false })
    webSocket.on('upgrade', ({ socket }) => {
      met.raw = socket
      added.push(listenersSince(socket))
    })
    added.push(listenersSince(webSocket))
    Object.assign(met, { webSocket, link: createNodeLink(webSocket, options) })
  }
  await until(() => met.peerSocket, { what: 'the connection' })
  const socket = met.peerSocket as Socket
  atTheEnd(() => socket.destroy())
  socket.on('error', () => {})
  const readable = await handshake(socket, side)
  await until(() => met.link && met.raw, { what: 'the handshake' })
  const link = met.link as Link
  atTheEnd(() => link.abort())
  const heard = record(link)
  await until(() => heard.log.includes('open'), { what: 'the link to open' })
  const masked = side === 'node server'
  return {
    link,
    heard,
    webSocket: met.webSocket as WebSocket,
    raw: met.raw as Socket,
    listenersAdded: () => added.flatMap((since) => since()),
    peer: {
      socket,
      received: readable,
      frame: (kind, payload = '') => frame(kind, Buffer.from(payload), masked),
      closeFrame: (code) => frame(opcode.close, Buffer.of(code >> 8, code & 255), masked),
    },
  }
}

function listenersSince(emitter: EventEmitter): () => string[] {
  const events = ['open', 'message', 'ping', 'pong', 'error', 'close', 'upgrade', 'end', 'finish', 'drain']
  const before = new Set(events.flatMap((event) => emitter.rawListeners(event)))
  // ws itself leaves one for errors on every connection of its own.
  const isNew = (listener: { name: string }) =>
    !before.has(listener as never) && listener.name !== 'socketOnError'
  return () => events.filter((event) => emitter.rawListeners(event).some(isNew))
}

/** Does the peer's part of the opening handshake. Resolves with what reads all that came behind it. */
async function handshake(socket: Socket, side: NodeSide): Promise<() => Buffer> {
  let head = ''
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => {
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) chunks.push(chunk)
    else head += chunk.toString('latin1')
  })
  await until(() => head.includes('\r\n\r\n'), { what: 'the head of the handshake' })
  const rest = head.slice(head.indexOf('\r\n\r\n') + 4)
  if (rest) chunks.unshift(Buffer.from(rest, 'latin1'))
  if (side === 'node client') {
    const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1]
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
  }
  return () => Buffer.concat(chunks)
}

function frame(kind: number, payload: Buffer, masked: boolean): Buffer {
  const length =
    payload.length < 126
      ? Buffer.of(payload.length)
      : Buffer.of(126, payload.length >> 8, payload.length & 255)
  if (payload.length > 65_535) throw new RangeError('a raw frame has at most 65535 bytes')
  length[0] = (length[0] as number) | (masked ? 128 : 0)
  // A mask of zeros changes nothing.
  return Buffer.concat([Buffer.of(128 | kind), length, Buffer.alloc(masked ? 4 : 0), payload])
}
