import type { Tls } from '../stacks/listen.ts'
import { parsed, serveWs } from '../stacks/ws.ts'
import { consume, consuming } from './consuming.ts'

/** Takes what comes: what it is too slow for waits in its memory. */
export const commands = {
  ...consuming,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) =>
      socket.on('message', (data, isBinary) => {
        void consume(parsed(data, isBinary))
      }),
    ),
}
