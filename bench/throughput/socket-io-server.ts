import type { Tls } from '../stacks/listen.ts'
import { serveSocketIo } from '../stacks/socket-io.ts'
import { receiving, take } from './receiver.ts'

/** Socket.IO, which acknowledges what `emitWithAck` sent when the handler says so. */
export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveSocketIo(tls, (socket) => {
      socket.on('take', (message: unknown, acknowledge: () => void) => {
        take(message)
        acknowledge()
      })
    }),
}
