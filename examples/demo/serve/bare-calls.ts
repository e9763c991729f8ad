import type { IncomingMessage } from 'node:http'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { Answerer } from './answerer.ts'
import { type CallAddress, callAddress } from './call-address.ts'
import type { CallLog } from './call-log.ts'
import type { Offer, Step } from './news.ts'
import type { Trouble } from './trouble.ts'

/** The signaling server as it is often written: over bare WebSockets, it answers and disconnects at once. */
export function bareCalls(answerer: Answerer, log: CallLog, trouble: Trouble): WebSocketServer {
  const server = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax })
  server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    // What breaks a connection is part of the demo; the page counts what it did.
    socket.on('error', () => {})
    const address = callAddress(request)
    if (address === undefined) return socket.close(policyViolation, 'the address names no call')
    new BareCall(socket, request, address, { answerer, log, trouble })
  })
  return server
}

const messageBytesMax = 1024 * 1024
const policyViolation = 1008

interface Parts {
  answerer: Answerer
  log: CallLog
  trouble: Trouble
}

class BareCall {
  readonly #socket: WebSocket
  readonly #address: CallAddress
  readonly #parts: Parts
  #handled = 0

  constructor(socket: WebSocket, request: IncomingMessage, address: CallAddress, parts: Parts) {
    this.#socket = socket
    this.#address = address
    this.#parts = parts
    socket.on('message', (data: RawData, binary: boolean) => {
      if (binary) this.#statistics(request)
      else this.#offer(String(data), request).catch((error) => socket.close(internalError, reasonOf(error)))
    })
    socket.on('close', () => parts.log.ended(address.tab, address.call, 'bare', this.#handled))
  }

  #statistics(request: IncomingMessage): void {
    this.#handled++
    if (this.#handled === 1) this.#parts.trouble.statisticsArrived(this.#address, 'bare', request)
  }

  async #offer(text: string, request: IncomingMessage): Promise<void> {
    const { situation } = this.#address
    const { answerer, trouble } = this.#parts
    const { sdp } = JSON.parse(text) as Offer
    await trouble.offerArrived(this.#address, 'bare', request)
    if (situation.id === 'server-closes') this.#leave('closes')
    const answer = await answerer.answer(String(sdp))
    const sent = this.#socket.readyState === this.#socket.OPEN
    this.#step(sent ? 'answered' : 'answer-kept')
    if (!sent) return
    this.#socket.send(JSON.stringify(answer))
    if (situation.id === 'call') this.#leave('terminates')
    else if (situation.id !== 'reload') this.#leave('closes')
  }

  #leave(how: 'closes' | 'terminates'): void {
    this.#step(how)
    if (how === 'closes') this.#socket.close(1000)
    else this.#socket.terminate()
  }

  #step(step: Step): void {
    this.#parts.log.step(this.#address.tab, this.#address.call, 'bare', step)
  }
}

const internalError = 1011

/** A close frame has room for 123 bytes. */
function reasonOf(error: unknown): string {
  return String(error)
    .replace(/[^ -~]/g, '?')
    .slice(0, 120)
}
