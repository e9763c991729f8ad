import type { Client } from 'rpc-websockets'
import type { Address } from '../stacks/listen.ts'
import { openRpc } from '../stacks/rpc-websockets.ts'
import { type Asked, type AskWork, askAll } from './asking.ts'

let client: Client

export const commands = {
  async connect(address: Address): Promise<void> {
    client = await openRpc(address)
  },
  ask: (work: AskWork): Promise<Asked> =>
    askAll(work, (question, onReply, onFailure) => {
      client.call('ask', { ...question }).then(onReply, onFailure)
    }),
}
