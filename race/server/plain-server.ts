import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { closeAfterPong } from '@lastword/server-adapter'
import type { WebSocket } from 'ws'
import { deadlineOf } from '../deadline.ts'
import { answerOf } from '../payloads.ts'
import { type Plan, planOf } from '../plan.ts'
import { Batch } from './batch.ts'

const closings: Promise<unknown>[] = []
const ending = { bare: new Batch(endBare), pong: new Batch(endPolitely) }
let way: Plan['cell']['way'] | undefined

/** A connection of a client that knows nothing of lastword: answers the one text message, and leaves as the plan says. */
export function servePlain(socket: WebSocket, request: IncomingMessage): void {
  // A reset by the peer or the proxy is what happens here; the client counts what it did.
  socket.on('error', () => {})
  const plan = planOf(request.url ?? '/')
  if (plan === undefined) return
  socket.on('message', (_data, isBinary) => {
    if (!isBinary) answer(socket, request.socket, plan)
  })
}

function answer(socket: WebSocket, rawSocket: Socket, { cell, stack, batch }: Plan): void {
  way = cell.way
  const halfCloses = cell.condition === 'half-close-server'
  const member = {
    answer() {
      socket.send(answerOf(cell.size))
      if (halfCloses) rawSocket.end()
    },
    leave() {
      if (stack === 'pong') closings.push(closeAfterPong(socket, { deadlineMs: deadlineOf(cell) }))
      else leaveBare(socket, rawSocket, cell.way)
    },
  }
  const pause = (goOn: () => void) => (halfCloses ? setImmediate(goOn) : goOn())
  const kept = cell.way === 'exit' || cell.way === 'kill'
  const rounds = kept ? ending[stack === 'pong' ? 'pong' : 'bare'] : new Batch(() => {})
  rounds.join(kept ? batch : 1, member, pause)
}

function leaveBare(socket: WebSocket, rawSocket: Socket, way: Plan['cell']['way']): void {
  switch (way) {
    case 'close':
    case 'timeout':
      return socket.close(1000)
    case 'terminate':
      return socket.terminate()
    case 'end':
      return void rawSocket.end()
    case 'destroy':
      return void rawSocket.destroy()
    case 'exit':
      // As a server that shuts down without waiting does it.
      return socket.close(1000)
    case 'kill':
      return
  }
}

function endBare(): void {
  if (way === 'kill') process.kill(process.pid, 'SIGKILL')
  else process.exit(0)
}

function endPolitely(): void {
  void Promise.all(closings).then(() => process.exit(0))
}
