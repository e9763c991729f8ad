import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { CallAddress } from './call-address.ts'
import type { CallLog } from './call-log.ts'
import type { StackId } from './news.ts'
import { blockedMs } from './situations.ts'

/** Does to connections and to the server what a situation asks for, and says so. All of it really happens. */
export class Trouble {
  readonly #log: CallLog
  readonly #connections = new Map<number, Socket>()
  /** For each call that wants a server that stands still: the end of that. */
  readonly #blocked = new Map<string, Promise<void>>()

  constructor(server: Server, log: CallLog) {
    this.#log = log
    // A TLS connection cannot be reset, only the TCP connection below it, which has the same port at its other end.
    server.on('connection', (socket: Socket) => {
      const port = socket.remotePort
      if (port === undefined) return
      this.#connections.set(port, socket)
      socket.on('close', () => this.#connections.delete(port))
    })
  }

  /** An Offer has arrived over `request`'s connection. Resolves when it may be answered. */
  async offerArrived(
    { tab, call, situation }: CallAddress,
    stack: StackId,
    request: IncomingMessage,
  ): Promise<void> {
    if (situation.id === 'cut') {
      // What answers the upgrade leaves together with what is said first: the page is to have that, and a connection to lose.
      await passing(noticeMs)
      this.#cut(tab, call, stack, request)
    }
    if (situation.id !== 'block') return
    this.#log.step(tab, call, stack, 'blocked')
    await this.#block(call)
  }

  /** The first of the statistics has arrived over `request`'s connection. */
  statisticsArrived({ tab, call, situation }: CallAddress, stack: StackId, request: IncomingMessage): void {
    if (situation.id === 'reload') this.#cut(tab, call, stack, request)
  }

  #cut(tab: string, call: string, stack: StackId, request: IncomingMessage): void {
    this.#connections.get(request.socket.remotePort ?? 0)?.resetAndDestroy()
    this.#log.step(tab, call, stack, 'cut')
  }

  /** Once for each call: its two Offers come at nearly the same time. */
  #block(call: string): Promise<void> {
    const blocked = this.#blocked.get(call) ?? standStill().finally(() => this.#blocked.delete(call))
    this.#blocked.set(call, blocked)
    return blocked
  }
}

/** The event loop of this process stands still, as it does in a program that computes for too long. */
async function standStill(): Promise<void> {
  // The page is to hear of it before, and the other Offer is to be there.
  await passing(noticeMs)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs)
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const noticeMs = 50
