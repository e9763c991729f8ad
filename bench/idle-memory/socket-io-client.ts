import { openSocketIo } from '../stacks/socket-io.ts'
import { type Crowd, greeting, openAll } from './opening.ts'

export const commands = {
  open: (crowd: Crowd) =>
    openAll(crowd, async (address, used) => {
      const socket = await openSocketIo(address)
      if (used) await socket.emitWithAck('echo', greeting)
      return socket
    }),
}
