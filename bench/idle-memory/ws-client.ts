import { once } from 'node:events'
import { openWs } from '../stacks/ws.ts'
import { type Crowd, greeting, openAll } from './opening.ts'

export const commands = {
  open: (crowd: Crowd) =>
    openAll(crowd, async (address, used) => {
      const socket = await openWs(address)
      if (!used) return socket
      const echo = once(socket, 'message')
      socket.send(JSON.stringify(greeting))
      await echo
      return socket
    }),
}
