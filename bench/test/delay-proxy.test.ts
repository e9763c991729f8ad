import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listen, until } from '@lastword/testkit'
import { afterEach, expect, test } from 'vitest'
import { nowMs } from '../harness/now.ts'
import { createDelayProxy } from '../round-trips/delay-proxy.ts'

const delayMs = 30
const closers: Array<() => unknown> = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A client and the server's end of its connection, with the line between them. */
async function line() {
  const met: { socket?: Socket } = {}
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    met.socket = socket.on('error', () => {})
  })
  const proxy = await createDelayProxy(await listen(server), delayMs)
  closers.push(
    () => server.close(),
    () => proxy.stop(),
  )
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  await once(client, 'connect')
  const socket = await until(() => met.socket, { what: 'the connection' })
  return { proxy, client, socket }
}

test('every chunk takes its time, and their order stays', async () => {
  const { client, socket } = await line()
  const startedMs = nowMs()
  const numbers = Array.from({ length: 200 }, (_, n) => `${n} `)
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk))
  for (const number of numbers) {
    client.write(number)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => heard === numbers.join(''), { what: 'all of them' })
  // Timers of Node may come up to a millisecond early.
  expect(nowMs() - startedMs).toBeGreaterThan(delayMs - 1)
})

test('an end takes as long as a chunk, behind what came before it, and leaves the other direction open', async () => {
  const { proxy, client, socket } = await line()
  const startedMs = nowMs()
  client.end('the last')
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk))
  await once(socket, 'end')
  expect(heard).toBe('the last')
  socket.end('and the answer')
  client.resume()
  const closedMs = await proxy.closed()
  expect(closedMs - startedMs).toBeGreaterThan(2 * (delayMs - 1))
  expect(client.readableEnded).toBe(true)
})

test('a reset goes on as one', async () => {
  const { proxy, client, socket } = await line()
  const error = once(client, 'error')
  socket.resetAndDestroy()
  expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' })
  await proxy.closed()
})
