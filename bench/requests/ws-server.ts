import type { Tls } from '../stacks/listen.ts'
import { serveWs } from '../stacks/ws.ts'

/** Bare ws that sends back what it is sent, unread: nobody can answer with less. */
export const commands = {
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    }),
}
