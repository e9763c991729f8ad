import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { type Asked, type AskWork, askAll } from './asking.ts'

let socket: WebSocket
/** Echoes come in the order of what they echo. */
const waiting: ((reply: unknown) => void)[] = []

/** Bare ws that waits for its echo. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
    socket.on('message', (data) => {
      const onReply = waiting.shift()
      onReply?.(JSON.parse(String(data)))
    })
  },
  ask: (work: AskWork): Promise<Asked> =>
    askAll(work, (question, onReply) => {
      waiting.push(onReply)
      socket.send(JSON.stringify(question))
    }),
}
