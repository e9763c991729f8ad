import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { bytesOf } from '../matrix.ts'
import type { Plan } from '../plan.ts'

/**
 * Ends lastword's connections under its adapter: when the answer of a round is handed to a socket for the first time,
 * that socket is ended in the way of the round, as a bare server would do it itself. Later connections of the round
 * are left alone.
 */
export class Adversary {
  readonly #struck = new Set<number>()

  watch(socket: WebSocket, rawSocket: Socket, plan: Plan): void {
    const send = socket.send as (...args: unknown[]) => void
    socket.send = (...args: unknown[]) => {
      send.apply(socket, args)
      const [data] = args
      const isAnswer = data instanceof Uint8Array && data.byteLength >= bytesOf[plan.cell.size]
      if (!isAnswer || this.#struck.has(plan.round)) return
      this.#struck.add(plan.round)
      // Behind the ticks that were asked for before: the adapter's frames of this turn are written in one of them.
      process.nextTick(() => this.#strike(socket, rawSocket, plan))
    }
  }

  #strike(socket: WebSocket, rawSocket: Socket, { cell, batch }: Plan): void {
    const end = () => {
      switch (cell.way) {
        case 'terminate':
          return socket.terminate()
        case 'end':
          return void rawSocket.end()
        case 'destroy':
          return void rawSocket.destroy()
        case 'kill':
          if (this.#struck.size === batch) process.kill(process.pid, 'SIGKILL')
          return
        case 'close':
        case 'timeout':
        case 'exit':
          // The application's own choice, made above the adapter; `timeout` is an option of the server.
          return
      }
    }
    if (cell.condition !== 'half-close-server') return end()
    rawSocket.end()
    setImmediate(end)
  }
}
