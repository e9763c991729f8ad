import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs } from '../stacks/ws.ts'
import { sendInTurns } from './turns.ts'
import type { Sent, Work } from './work.ts'

let socket: WebSocket

/** Bare ws without acknowledgements, one `send` a message. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
  },
  send: (work: Work): Promise<Sent> => sendInTurns(socket, work),
}
