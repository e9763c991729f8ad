import { serveRpc } from '../stacks/rpc-websockets.ts'
import { neverKnows, type Serving } from './conversing.ts'
import { answerTo } from './offer.ts'

/** rpc-websockets: JSON-RPC 2.0, answered by a method. */
export const commands = {
  ...neverKnows,
  listen: ({ tls }: Serving) => serveRpc(tls, 'offer', answerTo),
}
