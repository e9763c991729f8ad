import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { type Message, numberIn } from './payload.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let socket: WebSocket
const waiting = new Map<number, () => void>()

/** Bare ws with an acknowledgement of its own for each message, and a promise that waits for it. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
    socket.on('message', (data) => {
      const { ack } = JSON.parse(String(data)) as { ack: number }
      waiting.get(ack)?.()
      waiting.delete(ack)
    })
  },
  send: (work: Work): Promise<Sent> => slide(work, sendAcknowledged),
}

function sendAcknowledged(message: Message): Promise<void> {
  return new Promise((resolve) => {
    const id = numberIn(message)
    waiting.set(id, resolve)
    socket.send(message instanceof Uint8Array ? message : JSON.stringify({ id, message }))
  })
}
