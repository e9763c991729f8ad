import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { watching } from './peak.ts'
import { messageOf } from './work.ts'

/** How many messages may wait in the process. */
const waitingMax = 256

let socket: WebSocket

export const commands = {
  ...watching,
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
  },
  /** Sends the next one when one has left the process. */
  push: (count: number) =>
    new Promise<void>((resolve, reject) => {
      let sent = 0
      let left = 0
      const next = () => socket.send(JSON.stringify(messageOf(sent++)), onLeft)
      const onLeft = (error?: Error) => {
        if (error) return reject(error)
        left += 1
        if (sent < count) next()
        else if (left === count) resolve()
      }
      while (sent < Math.min(count, waitingMax)) next()
    }),
}
