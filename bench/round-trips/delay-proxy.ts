import { connect, createServer, type Socket } from 'node:net'
import { listen } from '@lastword/testkit'
import { nowMs } from '../harness/now.ts'

export interface DelayProxy {
  readonly port: number
  /** Resolves when no connection is open any more, with when the last end came to whoever was there, in ms. */
  closed(): Promise<number>
  stop(): Promise<void>
}

/**
 * A line of a fixed length: every chunk, and every end of a direction, goes on `delayMs` after it came in, in order and
 * at any rate. Connections are accepted, and made to the target, at once: the handshake of TCP itself is not delayed.
 */
export async function createDelayProxy(targetPort: number, delayMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>()
  let endedMs = 0
  let whenClosed = () => {}
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const socket of [client, target]) {
      sockets.add(socket)
      // It has had an end from the other side, and has passed one on to it.
      socket.on('close', () => {
        endedMs = nowMs()
        sockets.delete(socket)
        if (sockets.size === 0) whenClosed()
      })
    }
    forward(client, target, delayMs)
    forward(target, client, delayMs)
  })
  const port = await listen(server)
  return {
    port,
    async closed() {
      if (sockets.size > 0) await new Promise<void>((resolve) => (whenClosed = resolve))
      return endedMs
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(from: Socket, to: Socket, delayMs: number): void {
  // Node calls timers of one length back in the order in which they were set.
  from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs))
  from.on('end', () => setTimeout(() => to.end(), delayMs))
  from.on('error', () => setTimeout(() => to.resetAndDestroy(), delayMs))
}
