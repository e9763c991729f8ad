import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import {
  backoff,
  DeliveryError,
  HandshakeError,
  type LastwordError,
  type NodeConnectOptions,
} from '@lastword/sdk'
import { certificate, listen } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { createAdapter } from '../src/index.ts'
import { atTheEnd, closedPort, everythingSaidBy, later, open, serve, until, within } from './harness.ts'

const secretQuery = '?token=hunter2'
const few = { reconnect: backoff({ minMs: 0, maxMs: 0, attemptsMax: 3 }) }

/** What a client hears that gives up: at most a few attempts, each told. */
async function failing(address: string, options: NodeConnectOptions = few) {
  const session = open(address.replace('://', '://user:hunter2@') + secretQuery, options)
  const disconnected: LastwordError[] = []
  const attempts: number[] = []
  session.on('disconnected', (error) => disconnected.push(error))
  session.on('connecting', ({ attempt }) => attempts.push(attempt))
  const sent = later(session.send('n', 1))
  const opened = (await within(
    'opened',
    session.opened.then(
      () => undefined,
      (error) => error,
    ),
  )) as LastwordError
  const failed = (await within(
    'the message',
    sent.then(
      () => undefined,
      (error) => error,
    ),
  )) as DeliveryError
  const report = await within('the end', session.closed)
  expect(report).toMatchObject({ clean: false, code: 'aborted', by: 'local' })
  expect(opened).toBeInstanceOf(HandshakeError)
  expect(opened.remedy).toBeTruthy()
  expect(failed).toBeInstanceOf(DeliveryError)
  expect(failed.cause).toBe(opened)
  expect(disconnected.at(-1)).toBe(opened)
  for (const error of [...disconnected, opened, failed])
    expect(everythingSaidBy(error)).not.toContain('hunter2')
  expect(JSON.stringify([report, session])).not.toContain('hunter2')
  return { opened: opened as HandshakeError, fate: failed.fate, disconnected, attempts, report }
}

async function plainServer(
  options: ServerOptions,
  onConnection?: (socket: WebSocket) => void,
): Promise<string> {
  const server = createHttpServer()
  const wss = new WebSocketServer({ server, ...options })
  wss.on('connection', (socket) => {
    socket.on('error', () => {})
    onConnection?.(socket)
  })
  const port = await listen(server)
  atTheEnd(() => {
    for (const client of wss.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return `ws://localhost:${port}/`
}

test('a server that is not there: unreachable, tried again, nothing was sent', async () => {
  const { opened, fate, attempts } = await failing(`ws://localhost:${await closedPort()}/`)
  expect(opened).toMatchObject({ reason: 'unreachable', code: 'handshake-failed' })
  expect(opened.message).toContain('ECONNREFUSED')
  expect(fate).toBe('not-sent')
  expect(attempts).toEqual([1, 2, 3])
})

test('a WebSocket server that refuses the subprotocol: hopeless, told at once', async () => {
  const url = await plainServer({ handleProtocols: () => false })
  const { opened, fate, attempts } = await failing(url, {})
  expect(opened).toMatchObject({ reason: 'subprotocol-refused' })
  expect(opened.remedy).toContain('adapter')
  // The early frame was in the request: what became of that nobody can know.
  expect(fate).toBe('unknown')
  expect(attempts).toEqual([1])
  const plain = await failing(url, { early: false })
  expect(plain.fate).toBe('not-sent')
})

test('a plain WebSocket server that selects the subprotocol, as ws does by default, and says nothing', async () => {
  const url = await plainServer({}, (socket) => socket.on('message', () => {}))
  const { opened, fate } = await failing(url, { ...few, welcomeTimeoutMs: 50 })
  expect(opened).toMatchObject({ reason: 'no-welcome' })
  expect(opened.remedy).toContain('adapter.connection()')
  expect(fate).toBe('unknown')
})

test('one that closes at once', async () => {
  const url = await plainServer({}, (socket) => socket.close(1008, 'no'))
  expect((await failing(url)).opened).toMatchObject({ reason: 'no-welcome' })
})

test('one that says something else', async () => {
  const url = await plainServer({}, (socket) => socket.send('hello, this is the chat'))
  const session = open(url + secretQuery, { reconnect: { nextDelayMs: () => 0 } })
  const disconnected: LastwordError[] = []
  session.on('disconnected', (error) => disconnected.push(error))
  const error = (await within(
    'opened',
    session.opened.then(
      () => undefined,
      (error) => error,
    ),
  )) as LastwordError
  expect(error).toMatchObject({ code: 'handshake-failed', reason: 'no-welcome' })
  expect(disconnected[0]).toMatchObject({ code: 'protocol-violated', wireCode: 'frameMalformed', by: 'peer' })
  expect(await session.closed).toMatchObject({ code: 'protocol-fault', clean: false })
})

test.each([
  [401, 1],
  [403, 1],
  [404, 1],
  [429, 3],
  [503, 3],
])('an upgrade that is refused with %i is tried %i times', async (status, times) => {
  const server = createHttpServer()
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => {})
    socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  const port = await listen(server)
  atTheEnd(() => server.close())
  const { opened, attempts, fate } = await failing(`ws://localhost:${port}/`, few)
  expect(opened).toMatchObject({ reason: 'upgrade-refused', httpStatus: status })
  expect(opened.message).toContain(String(status))
  expect(attempts).toHaveLength(times)
  expect(fate).toBe('unknown')
})

test('a certificate that nobody vouches for: hopeless, nothing was sent', async () => {
  const { key, cert } = await certificate()
  const server = createHttpsServer({ key, cert })
  const port = await listen(server)
  atTheEnd(() => server.close())
  const { opened, fate, attempts } = await failing(`wss://localhost:${port}/`, {})
  expect(opened).toMatchObject({ reason: 'certificate' })
  expect(opened.remedy).toContain('tls.ca')
  expect(fate).toBe('not-sent')
  expect(attempts).toEqual([1])
})

test('headers that HTTP cannot carry: no connection, told in words', async () => {
  const url = await plainServer({})
  const { opened, fate } = await failing(url, { headers: { 'x-name': 'a\nb' } })
  expect(opened).toMatchObject({ reason: 'not-opened' })
  expect(fate).toBe('not-sent')
})

test('auth that can never be had ends the session once the policy gives up, and says why to whoever asks', async () => {
  const { connect } = await serve('ws')
  const session = connect({ ...few, auth: () => Promise.reject(new Error('no network for the token')) })
  const sent = later(session.send('n'))
  await expect(session.opened).rejects.toMatchObject({ cause: { message: 'no network for the token' } })
  await expect(sent).rejects.toMatchObject({
    fate: 'not-sent',
    cause: { code: 'handshake-failed', cause: { message: 'no network for the token' } },
  })
})

test('keys and auth never show in traces, errors, reports or the JSON of what is public', async () => {
  const said: unknown[] = []
  const keys = new Set<string>()
  const { adapter, connect, sessions, server } = await serve('ws', {
    adapter: {
      trace: { onEvent: (event) => said.push(event), payloads: true },
      authenticate: ({ auth }) => ((auth as { token: string }).token === 'hunter2' ? 'me' : false),
    },
  })
  server.prependListener('upgrade', (request) => {
    const early = String(request.headers['sec-websocket-protocol']).split('lastword.early.')[1]
    const [hello] = JSON.parse(Buffer.from(String(early), 'base64url').toString()) as [{ key: string }]
    keys.add(hello.key)
  })
  adapter.on('refused', ({ request, ...refused }) => said.push(refused, request.headers))
  adapter.onSession((session, { request }) => {
    session.handle('n', () => {})
    said.push(session, request.headers)
  })
  const session = connect({
    auth: { token: 'hunter2' },
    trace: { onEvent: (event) => said.push(event), payloads: true },
  })
  await session.send('n', 'the payload')
  await session.close()
  const refused = connect({ auth: { token: 'hunter2-wrong' } })
  const error = await refused.opened.catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'session-closed' })
  expect(String(error)).toContain('unauthorized')
  const all =
    JSON.stringify([said, session, sessions, adapter, await refused.closed]) + everythingSaidBy(error)
  expect(all).toContain('the payload')
  expect(all).not.toContain('hunter2')
  expect(keys.size).toBe(2)
  for (const key of keys) expect(all).not.toContain(key)
})

test('a payload is not part of a trace unless it is asked for', async () => {
  const said: unknown[] = []
  const { adapter, connect } = await serve('ws')
  adapter.onSession((session) => session.handle('n', () => 'the reply'))
  const session = connect({ trace: (event) => said.push(event) })
  await session.request('n', 'the payload')
  await session.close()
  expect(said.length).toBeGreaterThan(4)
  expect(JSON.stringify(said)).not.toMatch(/the payload|the reply/)
})

test('plain clients reach the handler that was there; without one they are closed with 1008', async () => {
  const reached: string[] = []
  const first = await serve('ws', {
    existing: (socket) => {
      reached.push(socket.protocol)
      socket.send('welcome as ever')
    },
  })
  for (const protocols of [[], ['chat', 'chat.2']]) {
    const socket = first.raw(protocols)
    let heard = ''
    socket.on('message', (data) => {
      heard = String(data)
    })
    await until(() => heard === 'welcome as ever', { what: 'the old greeting' })
  }
  expect(reached).toEqual(['', 'chat'])
  expect(first.adapter.sessionCount).toBe(0)

  const second = await serve('ws')
  const socket = second.raw([])
  const code = await new Promise((resolve) => socket.on('close', resolve))
  expect(code).toBe(1008)
})

test('a plain client that breaks the framing while it is being closed ends nobody’s process', async () => {
  const { port, adapter, connect } = await serve('ws')
  const socket = connectTcp(port, '127.0.0.1')
  const request = [
    'GET / HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ]
  // Behind the request a frame that is not masked and has reserved bits.
  socket.write(Buffer.concat([Buffer.from(`${request.join('\r\n')}\r\n\r\n`), Buffer.from([0xff, 0x00])]))
  socket.resume()
  await new Promise((resolve) => socket.on('close', resolve))
  adapter.onSession((session) => session.handle('n', () => 'still here'))
  expect(await connect().request('n')).toBe('still here')
})

test('handleProtocols selects lastword wherever it is offered, and never an early frame', () => {
  const { handleProtocols } = createAdapter()
  expect(handleProtocols(new Set(['chat', 'lastword.1']))).toBe('lastword.1')
  expect(handleProtocols(new Set(['lastword.1', 'lastword.early.W10']))).toBe('lastword.1')
  expect(handleProtocols(new Set(['chat', 'lastword.early.W10']))).toBe('chat')
  expect(handleProtocols(new Set(['lastword.early.W10']))).toBe(false)
})

test('a ws server without the adapter selects the subprotocol all the same: the client gives up and says what is missing', async () => {
  const wss = new WebSocketServer({ port: 0 })
  atTheEnd(() => wss.close())
  await until(() => wss.address(), { what: 'the port' })
  let links = 0
  wss.on('connection', () => links++)
  const { port } = wss.address() as AddressInfo
  const session = open(`ws://localhost:${port}/`, {
    welcomeTimeoutMs: 20,
    reconnect: backoff({ minMs: 0, maxMs: 0 }),
  })
  const missing = { code: 'handshake-failed', reason: 'no-welcome', remedy: expect.stringMatching(/adapter/) }
  const sent = later(session.send('n', 1))
  await expect(within('opened', session.opened)).rejects.toMatchObject(missing)
  await expect(within('the message', sent)).rejects.toMatchObject({ fate: 'unknown', cause: missing })
  expect(links).toBe(3)
})
