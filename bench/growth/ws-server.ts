import { parsed, serveWs } from '../stacks/ws.ts'
import { counting, take } from './counting.ts'
import type { Serving } from './work.ts'

export const commands = {
  ...counting,
  listen: ({ tls }: Serving) =>
    serveWs(tls, (socket) => {
      socket.on('error', () => {})
      socket.on('message', (data, isBinary) => {
        parsed(data, isBinary)
        take()
      })
    }),
}
