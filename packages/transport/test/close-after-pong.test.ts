import { createProxy, until } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { closeAfterPong } from '../src/node.ts'
import { atTheEnd, serve, url } from './harness.ts'

interface Met {
  socket: WebSocket
  client: WebSocket
  got: string[]
  clientClose: { code: number; reason: string } | undefined
  cut: (how: 'reset' | 'destroy') => void
  stallToServer: () => void
}

async function meet(secure = false, clientOptions: { autoPong?: boolean } = {}): Promise<Met> {
  let socket: WebSocket | undefined
  const port = await serve(secure, (accepted) => {
    socket = accepted
    accepted.on('error', () => {})
  })
  const proxy = await createProxy({ targetPort: port })
  atTheEnd(() => proxy.close())
  const client = new WebSocket(url(secure, proxy.port), { rejectUnauthorized: false, ...clientOptions })
  client.on('error', () => {})
  atTheEnd(() => client.terminate())
  const got: string[] = []
  client.on('message', (data) => got.push(String(data)))
  await until(() => socket && client.readyState === client.OPEN, { what: 'the connection' })
  const met: Met = {
    socket: socket as unknown as WebSocket,
    client,
    got,
    clientClose: undefined,
    cut: (how) => proxy.cutAll(how),
    stallToServer: () => proxy.connections[0]?.toServer.stall(),
  }
  client.on('close', (code, reason) => {
    met.clientClose = { code, reason: reason.toString() }
  })
  return met
}

for (const secure of [false, true]) {
  test(`the last message arrives, and the Pong says so (${secure ? 'wss' : 'ws'})`, async () => {
    const met = await meet(secure)
    met.socket.send('x'.repeat(4 * 1024 * 1024))
    met.socket.send('answer')
    expect(await closeAfterPong(met.socket, { code: 4001, reason: 'done' })).toEqual({
      pong: true,
      code: 4001,
      reason: 'done',
      clean: true,
      forced: false,
    })
    await until(() => met.clientClose, { what: 'the client to be closed' })
    expect(met.got.at(-1)).toBe('answer')
    expect(met.clientClose).toEqual({ code: 4001, reason: 'done' })
  })
}

test('the close frame goes out only after the Pong of this Ping', async () => {
  const met = await meet(false, { autoPong: false })
  const pings: Buffer[] = []
  met.client.on('ping', (data) => pings.push(data))
  const closing = closeAfterPong(met.socket)
  await until(() => pings.length === 1, { what: 'the Ping' })
  met.client.pong('another one')
  met.client.pong()
  met.client.ping('are you there')
  await new Promise((resolve) => met.client.once('pong', resolve))
  expect(met.socket.readyState).toBe(met.socket.OPEN)
  met.client.pong(pings[0])
  expect(await closing).toMatchObject({ pong: true, clean: true, forced: false })
})

test('what the client still sends is read until the end', async () => {
  const met = await meet()
  const heard: string[] = []
  met.socket.on('message', (data) => heard.push(String(data)))
  met.socket.pause()
  for (let n = 0; n < 100; n += 1) met.client.send(String(n).padEnd(1000))
  expect(await closeAfterPong(met.socket)).toMatchObject({ pong: true, clean: true })
  expect(heard.length).toBe(100)
})

test('a client that answers nothing is destroyed at the deadline, and not before', async () => {
  const met = await meet()
  met.client.pause()
  const start = performance.now()
  expect(await closeAfterPong(met.socket, { deadlineMs: 120 })).toEqual({
    pong: false,
    code: 1006,
    reason: '',
    clean: false,
    forced: true,
  })
  expect(performance.now() - start).toBeGreaterThanOrEqual(115)
})

test('a client that does not answer Pings is closed politely all the same', async () => {
  const met = await meet(false, { autoPong: false })
  met.socket.send('answer')
  expect(await closeAfterPong(met.socket, { deadlineMs: 400 })).toMatchObject({
    pong: false,
    clean: true,
    forced: false,
  })
  expect(met.got).toEqual(['answer'])
})

test('a client that closes first is told with what it said', async () => {
  const met = await meet()
  met.stallToServer()
  const closing = closeAfterPong(met.socket)
  met.client.close(4100, 'mine')
  await until(() => met.client.readyState === met.client.CLOSING, { what: 'the client to close' })
  met.cut('destroy')
  expect(await closing).toMatchObject({ pong: false, forced: false })

  const other = await meet()
  other.client.close(4100, 'mine')
  expect(await closeAfterPong(other.socket)).toMatchObject({
    code: 4100,
    reason: 'mine',
    clean: true,
    forced: false,
  })
})

test('a connection that is cut ends it at once', async () => {
  const met = await meet()
  met.stallToServer()
  const closing = closeAfterPong(met.socket)
  met.cut('reset')
  expect(await closing).toMatchObject({ pong: false, code: 1006, clean: false, forced: false })
})

test('a second call gives the first promise', async () => {
  const met = await meet()
  const first = closeAfterPong(met.socket)
  expect(closeAfterPong(met.socket, { code: 4000 })).toBe(first)
  expect(await first).toMatchObject({ code: 1000 })
})

test('a socket that is closing or closed does not make it hang', async () => {
  const closing = await meet()
  closing.socket.close(1000)
  expect(await closeAfterPong(closing.socket)).toMatchObject({
    pong: false,
    code: 1000,
    clean: true,
    forced: false,
  })
  expect(await closeAfterPong(closing.socket)).toMatchObject({ code: 1000 })

  const closed = await meet()
  closed.socket.terminate()
  await until(() => closed.socket.readyState === closed.socket.CLOSED, { what: 'the end' })
  expect(await closeAfterPong(closed.socket)).toMatchObject({
    pong: false,
    code: 1006,
    clean: false,
    forced: false,
  })
})

test('a socket that is still connecting is closed once it is open', async () => {
  const port = await serve(false, () => {})
  const socket = new WebSocket(url(false, port))
  expect(await closeAfterPong(socket)).toMatchObject({ pong: true, code: 1000, clean: true })
})

test('a socket that never connects ends at the deadline', async () => {
  const port = await serve(false, () => {}, { verifyClient: (_info, _callback) => {} })
  const socket = new WebSocket(url(false, port))
  expect(await closeAfterPong(socket, { deadlineMs: 80 })).toMatchObject({
    pong: false,
    code: 1006,
    forced: true,
  })
})

test('no listener stays behind', async () => {
  const met = await meet()
  const count = () =>
    ['open', 'pong', 'close', 'error', 'message'].map((event) => met.socket.listenerCount(event))
  const before = count()
  await closeAfterPong(met.socket)
  expect(count()).toEqual(before)
})

test('wrong arguments are thrown at the call, with what to do', async () => {
  const { socket } = await meet()
  expect(() => closeAfterPong({} as never)).toThrow('pass the one of the connection event')
  expect(() => closeAfterPong(socket, { code: 1006 })).toThrow(
    '1006 may not be sent as a close code: use 1000',
  )
  expect(() => closeAfterPong(socket, { code: 2000 })).toThrow('use 1000')
  expect(() => closeAfterPong(socket, { reason: 'ö'.repeat(62) })).toThrow('shorten it')
  for (const deadlineMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => closeAfterPong(socket, { deadlineMs })).toThrow('deadlineMs is a time in ms')
  }
  expect(await closeAfterPong(socket)).toMatchObject({ pong: true })
})
