import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { type Asked, type AskWork, askAll, type Question } from './asking.ts'

let socket: WebSocket
let lastId = 0
const waiting = new Map<number, (answer: unknown) => void>()

/** Bare ws with requests of its own: an id for each, and a promise that waits for its answer. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
    socket.on('message', (data) => {
      const { id, answer } = JSON.parse(String(data)) as { id: number; answer: unknown }
      waiting.get(id)?.(answer)
      waiting.delete(id)
    })
  },
  ask: (work: AskWork): Promise<Asked> =>
    askAll(work, (question, onReply, onFailure) => void request(question).then(onReply, onFailure)),
}

function request(question: Question): Promise<unknown> {
  return new Promise((resolve) => {
    const id = ++lastId
    waiting.set(id, resolve)
    socket.send(JSON.stringify({ id, question }))
  })
}
