import type { Tls } from '../stacks/listen.ts'
import { serveWs } from '../stacks/ws.ts'
import type { Question } from './asking.ts'

/** Bare ws with requests of its own, in JSON: an id that comes back with the answer. */
export const commands = {
  listen: (tls: Tls) =>
    serveWs(tls, (socket) => {
      socket.on('message', (data) => {
        const { id, question } = JSON.parse(String(data)) as { id: number; question: Question }
        socket.send(JSON.stringify({ id, answer: question }))
      })
    }),
}
