import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { messagesOf } from './payload.ts'
import { firstNumber, nowMs, type Sent, type Work } from './work.ts'

let socket: WebSocket

/** Bare ws without acknowledgements, one `send` a message: the next turn when the last one has left the process. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
  },
  async send({ payload, count, outstanding }: Work): Promise<Sent> {
    const messageOf = messagesOf(payload)
    const startedMs = nowMs()
    for (let sent = 0; sent < count; ) {
      const end = Math.min(count, sent + outstanding)
      for (; sent < end - 1; sent++) socket.send(wire(messageOf(firstNumber + sent)))
      const last = wire(messageOf(firstNumber + sent++))
      await new Promise<void>((resolve, reject) => {
        socket.send(last, (error) => (error ? reject(error) : resolve()))
      })
    }
    return { startedMs, endedMs: nowMs() }
  },
}

function wire(message: ReturnType<ReturnType<typeof messagesOf>>): string | Uint8Array {
  return message instanceof Uint8Array ? message : JSON.stringify(message)
}
