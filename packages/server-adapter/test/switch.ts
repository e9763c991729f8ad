import { createServer, type Socket, connect as tcpConnect } from 'node:net'
import { listen } from '@lastword/testkit'
import { atTheEnd } from './harness.ts'

/** One address in front of several servers, as a load balancer has it: new connections go where it points. */
export interface Switch {
  port: number
  /** The port that new connections are passed on to; `undefined` refuses them. */
  target: number | undefined
  /** Cuts every connection, as when a machine is gone. */
  cut(): void
}

export async function createSwitch(target?: number): Promise<Switch> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (made.target === undefined) return void client.destroy()
    const upstream = tcpConnect(made.target, '127.0.0.1')
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.end()
      })
      one.pipe(other)
    }
  })
  const made: Switch = {
    port: await listen(server),
    target,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
  }
  atTheEnd(() => {
    made.cut()
    server.close()
  })
  return made
}
