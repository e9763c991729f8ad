import type { Tls } from '../stacks/listen.ts'
import { parsed, serveWs } from '../stacks/ws.ts'
import { consume, consuming, desk } from './consuming.ts'

const waitingMax = 256

/** Reads no more while too many messages wait. */
export const commands = {
  ...consuming,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) =>
      socket.on('message', (data, isBinary) => {
        void consume(parsed(data, isBinary)).then(() => {
          if (socket.isPaused && desk.waitingCount <= waitingMax / 2) socket.resume()
        })
        if (desk.waitingCount >= waitingMax) socket.pause()
      }),
    ),
}
