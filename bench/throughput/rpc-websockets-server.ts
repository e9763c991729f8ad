import type { Tls } from '../stacks/listen.ts'
import { serveRpc } from '../stacks/rpc-websockets.ts'
import { receiving, take } from './receiver.ts'

/** JSON-RPC, where the reply to a call is its acknowledgement. */
export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveRpc(tls, 'take', (message) => {
      take(message)
      return true
    }),
}
