import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { watching } from './peak.ts'
import { messageOf, pushAll } from './work.ts'

let socket: WebSocket

export const commands = {
  ...watching,
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
  },
  push: (count: number) => pushAll(count, (n) => socket.send(JSON.stringify(messageOf(n)))),
}
