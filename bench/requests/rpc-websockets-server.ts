import type { Tls } from '../stacks/listen.ts'
import { serveRpc } from '../stacks/rpc-websockets.ts'

export const commands = {
  listen: (tls: Tls) => serveRpc(tls, 'ask', (question) => question),
}
