import type { WebSocket } from 'ws'
import { openWs } from '../stacks/ws.ts'
import { openMany } from './open-many.ts'
import { paced } from './paced.ts'
import type { Opening, Pace } from './work.ts'

const sockets: WebSocket[] = []

export const commands = {
  open: ({ address, connections }: Opening) =>
    openMany(connections, async () => {
      sockets.push(await openWs(address))
    }),
  paced: (pace: Pace) =>
    paced(pace, async (n) => {
      const socket = sockets[n % sockets.length] as WebSocket
      socket.send(JSON.stringify({ n, text: 'a message' }))
    }),
}
