import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { type Address, createServer, listenOn, type Tls, urlOf } from './listen.ts'

/** As everybody's `ws` is set up here: no compression, and room for what any case sends. */
export const wsOptions = { perMessageDeflate: false, maxPayload: 64 * 2 ** 20 } as const

/** Serves bare ws. */
export async function serveWs(tls: Tls, onConnection: (socket: WebSocket) => void): Promise<Address> {
  const server = createServer(tls)
  new WebSocketServer({ server, ...wsOptions }).on('connection', onConnection)
  return listenOn(server, tls)
}

const tcpSockets = new WeakMap<WebSocket, Socket>()

/** A client's bare ws, open. */
export async function openWs(address: Address): Promise<WebSocket> {
  const socket = new WebSocket(urlOf(address), { ...wsOptions, ca: address.ca })
  socket.once('upgrade', (response) => tcpSockets.set(socket, response.socket))
  await once(socket, 'open')
  return socket
}

/** The TCP or TLS socket below what `openWs` gave. */
export function tcpOf(socket: WebSocket): Socket {
  const tcp = tcpSockets.get(socket)
  if (tcp === undefined) throw new Error('this WebSocket was not made by openWs')
  return tcp
}

/** What a message holds: bytes as they are, text as JSON. */
export function parsed(data: RawData, isBinary: boolean): unknown {
  return isBinary ? data : JSON.parse(String(data))
}
