import type { Socket } from 'socket.io-client'
import type { Address } from '../stacks/listen.ts'
import { openSocketIo } from '../stacks/socket-io.ts'
import { type Asked, type AskWork, askAll } from './asking.ts'

let socket: Socket

export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openSocketIo(address)
  },
  ask: (work: AskWork): Promise<Asked> =>
    askAll(work, (question, onReply, onFailure) => {
      socket.emitWithAck('ask', question).then(onReply, onFailure)
    }),
}
