import { parsed, serveWs } from '../stacks/ws.ts'
import { neverKnows, type Serving } from './conversing.ts'
import { answerTo } from './offer.ts'

/** Bare ws: a JSON message in, one out. */
export const commands = {
  ...neverKnows,
  listen: ({ tls, closer }: Serving) =>
    serveWs(tls, (socket) => {
      socket.on('message', (data, isBinary) => {
        socket.send(JSON.stringify(answerTo(parsed(data, isBinary))))
        if (closer === 'server') socket.close(1000)
      })
    }),
}
