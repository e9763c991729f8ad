import type { Tls } from '../stacks/listen.ts'
import { parsed, serveWs } from '../stacks/ws.ts'
import { receiving, take } from './receiver.ts'

/** Bare ws that acknowledges nothing. */
export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => socket.on('message', (data, isBinary) => take(parsed(data, isBinary)))),
}
