import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { type Message, messagesOf } from './payload.ts'
import { firstNumber, nowMs, type Sent, type Work } from './work.ts'

const messagesInFrame = 64

let socket: WebSocket
/** Acknowledged over the life of the connection. */
let acknowledged = 0
let onAcknowledged = () => {}

/** What bare ws can do at best with acknowledgements: many messages to a frame, one for all of them, no promise for each. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
    socket.on('message', (data) => {
      acknowledged = Number(data)
      onAcknowledged()
    })
  },
  send({ payload, count, outstanding }: Work): Promise<Sent> {
    const messageOf = messagesOf(payload)
    return new Promise((resolve) => {
      const before = acknowledged
      const startedMs = nowMs()
      let sent = 0
      onAcknowledged = () => {
        const done = acknowledged - before
        while (sent < count) {
          const size = Math.min(messagesInFrame, count - sent)
          if (sent - done + size > outstanding) break
          const messages: Message[] = []
          for (let index = 0; index < size; index++) messages.push(messageOf(firstNumber + sent++))
          socket.send(JSON.stringify(messages))
        }
        if (done === count) resolve({ startedMs, endedMs: nowMs() })
      }
      onAcknowledged()
    })
  },
}
