import { WebSocketServer } from 'ws'
import { createNodeLink } from '../../src/node.ts'

/** A server process that sends 32 MiB to its one client and exits: at once, when it was told that all has gone, or after a link. */
const how = process.argv[2]
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  console.log((server.address() as { port: number }).port)
})
server.on('connection', (socket, request) => {
  const message = new Uint8Array(32 * 1024 * 1024)
  if (how === 'link') {
    const link = createNodeLink(socket, { rawSocket: request.socket })
    link.send(message)
    void link.close(1000, '').then(() => process.exit())
  } else {
    socket.send(message)
    process.exit()
  }
})
