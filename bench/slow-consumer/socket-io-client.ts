import type { Socket } from 'socket.io-client'
import type { Address } from '../stacks/listen.ts'
import { openSocketIo } from '../stacks/socket-io.ts'
import { watching } from './peak.ts'
import { messageOf, pushAll } from './work.ts'

let socket: Socket

export const commands = {
  ...watching,
  async connect(address: Address): Promise<void> {
    socket = await openSocketIo(address)
  },
  async push(count: number): Promise<void> {
    const acknowledged: Promise<unknown>[] = []
    await pushAll(count, (n) => acknowledged.push(socket.emitWithAck('take', messageOf(n))))
    await Promise.all(acknowledged)
  },
}
