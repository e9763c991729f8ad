import type { Tls } from '../stacks/listen.ts'
import { serveSocketIo } from '../stacks/socket-io.ts'

export const commands = {
  listen: (tls: Tls) =>
    serveSocketIo(tls, (socket) => {
      socket.on('ask', (question: unknown, answer: (answer: unknown) => void) => answer(question))
    }),
}
