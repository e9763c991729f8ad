import type { Tls } from '../stacks/listen.ts'
import { serveWs } from '../stacks/ws.ts'
import { receiving, take } from './receiver.ts'

/** Bare ws that takes a JSON array of messages in each frame and acknowledges all of them by their number so far. */
export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => {
      let taken = 0
      socket.on('message', (data) => {
        const messages = JSON.parse(String(data)) as unknown[]
        for (const message of messages) take(message)
        taken += messages.length
        socket.send(String(taken))
      })
    }),
}
