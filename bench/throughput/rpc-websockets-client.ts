import type { Client } from 'rpc-websockets'
import type { Address } from '../stacks/listen.ts'
import { openRpc } from '../stacks/rpc-websockets.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let client: Client

export const commands = {
  async connect(address: Address): Promise<void> {
    client = await openRpc(address)
  },
  send: (work: Work): Promise<Sent> =>
    slide(work, (message) => client.call('take', message as unknown as Record<string, unknown>)),
}
