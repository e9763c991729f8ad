import { once } from 'node:events'
import { Server, type Socket as ServerSocket } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { type Address, createServer, listenOn, type Tls, urlOf } from './listen.ts'

/** Serves Socket.IO: WebSockets only, no compression, as for everybody. */
export async function serveSocketIo(
  tls: Tls,
  onConnection: (socket: ServerSocket) => void,
): Promise<Address> {
  const server = createServer(tls)
  new Server(server, {
    transports: ['websocket'],
    perMessageDeflate: false,
    maxHttpBufferSize: 64 * 2 ** 20,
    serveClient: false,
  }).on('connection', onConnection)
  return listenOn(server, tls)
}

/** A client that connects by itself, not yet connected. */
export function socketIo(address: Address): Socket {
  return io(urlOf(address, 'http'), {
    transports: ['websocket'],
    perMessageDeflate: false as never,
    forceNew: true,
    ...(address.ca === undefined ? {} : { ca: address.ca }),
  })
}

export async function openSocketIo(address: Address): Promise<Socket> {
  const socket = socketIo(address)
  await once(socket as never, 'connect')
  return socket
}
