import type { Tls } from '../stacks/listen.ts'
import { serveSocketIo } from '../stacks/socket-io.ts'
import { memoryAtRest } from './memory.ts'

export const commands = {
  memory: memoryAtRest,
  listen: (tls: Tls) =>
    serveSocketIo(tls, (socket) => {
      socket.on('echo', (value: unknown, reply: (value: unknown) => void) => reply(value))
    }),
}
