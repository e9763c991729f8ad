import type { Tls } from '../stacks/listen.ts'
import { serveWs } from '../stacks/ws.ts'
import { memoryAtRest } from './memory.ts'

export const commands = {
  memory: memoryAtRest,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => {
      socket.on('error', () => {})
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    }),
}
