import type { IncomingMessage } from 'node:http'
import { Worker } from 'node:worker_threads'
import { until } from '@lastword/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { closeAfterPong, createNodeLink, openBrowserLink } from '../src/node.ts'
import { timerAfterReading } from '../src/timer-after-reading.ts'
import { ended, record, serve, undiciWebSocket } from './harness.ts'

/**
 * The event loop is blocked while messages and a reset behind them arrive, and a timer is due when it goes on. Timers
 * run before sockets are read: whatever that timer writes, or destroys, takes away what lies unread in the kernel.
 */

const messages = 10
const rounds = 5
const dueMs = 20

const flag = new Int32Array(new SharedArrayBuffer(4))
const nothing = new Int32Array(new SharedArrayBuffer(4))
const peer = { worker: undefined as Worker | undefined, port: 0, met: 0 }

beforeAll(async () => {
  const worker = new Worker(new URL('./late-loop/peer.mjs', import.meta.url), {
    workerData: { flag, messages, messageBytes: 1000 },
  })
  worker.on('message', (told: number | 'met') => {
    if (told === 'met') peer.met += 1
    else peer.port = told
  })
  peer.worker = worker
  await until(() => peer.port, { what: 'the peer to listen' })
})

afterAll(() => peer.worker?.terminate())

/**
 * Blocks this thread until the peer's messages and its reset lie in the kernel, and the timers are due. It does so
 * from within an immediate, behind which the event loop runs its timers before it reads.
 */
async function blockWhileItResets(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  const start = performance.now()
  Atomics.store(flag, 0, 0)
  peer.worker?.postMessage('go')
  if (Atomics.wait(flag, 0, 0, 10_000) === 'timed-out') throw new Error('the peer did nothing for 10 s')
  Atomics.wait(nothing, 0, 0, Math.max(0, start + 4 * dueMs - performance.now()))
}

interface Met {
  socket: WebSocket
  request: IncomingMessage
  heard: string[]
}

/** A server's socket; its client is the peer in the other thread. */
async function meet(secure: boolean): Promise<Met> {
  const met: Partial<Met> & { heard: string[] } = { heard: [] }
  const port = await serve(secure, (socket, request) => {
    socket.on('error', () => {})
    Object.assign(met, { socket, request })
  })
  const before = peer.met
  peer.worker?.postMessage({ port, secure })
  await until(() => met.socket && peer.met > before, { what: 'the connection' })
  met.socket?.on('message', (data) => met.heard.push(String(data)))
  return met as Met
}

/** How many messages arrived in all rounds together. */
async function arrived(round: () => Promise<string[]>): Promise<number> {
  let count = 0
  for (let n = 0; n < rounds; n += 1) count += (await round()).length
  return count
}

for (const secure of [false, true]) {
  describe(`a late event loop over ${secure ? 'wss' : 'ws'}`, () => {
    const bare = (act: (socket: WebSocket) => void, timer: (ms: number, callback: () => void) => unknown) =>
      arrived(async () => {
        const { socket, heard } = await meet(secure)
        const closed = new Promise((resolve) => socket.once('close', resolve))
        timer(dueMs, () => act(socket))
        await blockWhileItResets()
        await closed
        return heard
      })

    test('a timer that writes loses every message on a bare socket, and none when it lets them be read first', async () => {
      const ping = (socket: WebSocket) => socket.readyState === socket.OPEN && socket.ping()
      expect(await bare(ping, (ms, callback) => setTimeout(callback, ms))).toBe(0)
      const afterReading = (ms: number, callback: () => void) => timerAfterReading(ms, () => 0, callback)
      expect(await bare(ping, afterReading)).toBe(rounds * messages)
    })

    test('a timer that destroys loses every message as well, and none when it lets them be read first', async () => {
      const terminate = (socket: WebSocket) => socket.terminate()
      expect(await bare(terminate, (ms, callback) => setTimeout(callback, ms))).toBe(0)
      const afterReading = (ms: number, callback: () => void) => timerAfterReading(ms, () => 0, callback)
      expect(await bare(terminate, afterReading)).toBe(rounds * messages)
    })

    test('closeAfterPong reads before its time for the Pong, and its deadline, act', async () => {
      for (const deadlineMs of [2 * dueMs, dueMs]) {
        const count = await arrived(async () => {
          const { socket, heard } = await meet(secure)
          const closing = closeAfterPong(socket, { deadlineMs })
          await blockWhileItResets()
          expect(await closing).toMatchObject({ pong: false, clean: false })
          return heard
        })
        expect(count).toBe(rounds * messages)
      }
    })

    test('a link that closes reads before its deadlines destroy it', async () => {
      for (const closeMsMax of [dueMs, 60_000]) {
        const count = await arrived(async () => {
          const { socket, request } = await meet(secure)
          const link = createNodeLink(socket, { rawSocket: request.socket, closeMsMax })
          const heard = record(link)
          const closing = link.close(1000, '', { lingerMs: dueMs })
          await blockWhileItResets()
          expect(await closing).toMatchObject({ clean: false, code: 1006 })
          return heard.frames as string[]
        })
        expect(count).toBe(rounds * messages)
      }
    })
  })
}

test('a link over a native WebSocket reads before its deadline gives it up, after a late event loop', async () => {
  const webSocket = await undiciWebSocket()
  const count = await arrived(async () => {
    const before = peer.met
    const link = openBrowserLink(`ws://127.0.0.1:${peer.port}`, { protocols: [], webSocket })
    const heard = record(link)
    await until(() => heard.log.includes('open') && peer.met > before, { what: 'the link to open' })
    // More than the kernel takes, so that it waits with its close frame until the deadline.
    for (let n = 0; n < 16; n += 1) link.send(new Uint8Array(1024 * 1024))
    const closing = link.close(1000, '', { lingerMs: dueMs })
    await blockWhileItResets()
    await closing
    await ended(heard)
    return heard.frames as string[]
  })
  expect(count).toBe(rounds * messages)
})
