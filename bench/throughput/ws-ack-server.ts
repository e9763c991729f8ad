import type { Tls } from '../stacks/listen.ts'
import { serveWs } from '../stacks/ws.ts'
import { receiving, take } from './receiver.ts'

/** Bare ws with an acknowledgement of its own, in JSON, for each message: of bytes, the first four are its id. */
export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => {
      socket.on('message', (data, isBinary) => {
        if (isBinary) {
          const bytes = data as Buffer
          take(bytes)
          socket.send(JSON.stringify({ ack: bytes.readUInt32BE() }))
          return
        }
        const { id, message } = JSON.parse(String(data)) as { id: number; message: unknown }
        take(message)
        socket.send(JSON.stringify({ ack: id }))
      })
    }),
}
