import type { WebSocket } from 'ws'
import type { Address } from '../stacks/listen.ts'
import { openWs, tcpOf } from '../stacks/ws.ts'
import { sendInTurns } from './turns.ts'
import type { Sent, Work } from './work.ts'

let socket: WebSocket

/** Bare ws without acknowledgements, each turn in one write: what somebody does who has looked at system calls. */
export const commands = {
  async connect(address: Address): Promise<void> {
    socket = await openWs(address)
  },
  send(work: Work): Promise<Sent> {
    const tcp = tcpOf(socket)
    return sendInTurns(socket, work, { before: () => tcp.cork(), after: () => tcp.uncork() })
  },
}
