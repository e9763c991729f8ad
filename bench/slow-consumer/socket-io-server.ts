import type { Tls } from '../stacks/listen.ts'
import { serveSocketIo } from '../stacks/socket-io.ts'
import { consume, consuming } from './consuming.ts'

export const commands = {
  ...consuming,
  listen: (tls: Tls) =>
    serveSocketIo(tls, (socket) => {
      socket.on(
        'take',
        (message: unknown, acknowledge: () => void) => void consume(message).then(acknowledge),
      )
    }),
}
