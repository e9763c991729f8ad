import type { Socket } from 'socket.io-client'
import type { Address } from '../stacks/listen.ts'
import { openSocketIo } from '../stacks/socket-io.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let socket: Socket

export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openSocketIo(address)
  },
  send: (work: Work): Promise<Sent> => slide(work, (message) => socket.emitWithAck('take', message)),
}
