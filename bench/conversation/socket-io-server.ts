import { serveSocketIo } from '../stacks/socket-io.ts'
import { neverKnows, type Serving } from './conversing.ts'
import { answerTo } from './offer.ts'

/** Socket.IO: an event with an acknowledgement, which is the answer. */
export const commands = {
  ...neverKnows,
  listen: ({ tls, closer }: Serving) =>
    serveSocketIo(tls, (socket) => {
      socket.on('offer', (message: unknown, reply: (answer: unknown) => void) => {
        reply(answerTo(message))
        if (closer === 'server') socket.disconnect(true)
      })
    }),
}
