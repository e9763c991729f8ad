import { expect, test, vi } from 'vitest'
import { backoff } from '../../src/page/backoff.ts'
import { ArgumentError, connect, HandshakeError, LastwordError, RemoteError } from '../../src/page/index.ts'
import { FakeSocket } from './fake-page.ts'
import { openPage } from './fake-server.ts'

const names = (events: Array<[string, unknown]>) => events.map(([name]) => name)

test('what is sent in the turn of connect() goes with the upgrade request', async () => {
  const { session, link } = openPage()
  void session.send('n', 1).catch(() => {})
  const first = await link(0)
  expect(first.socket.url).toBe('ws://server.example/path')
  expect(first.socket.protocols[0]).toBe('lastword.1')
  expect(first.said).toMatchObject([
    { t: 'hello', fresh: true },
    { t: 'msg', ch: 'n', d: 1 },
  ])
  await first.open()
  expect(first.said).toHaveLength(2)
})

test('with early: false the first frame waits for the link to open', async () => {
  const { link } = openPage({ early: false })
  const first = await link(0)
  expect(first.socket.protocols).toEqual(['lastword.1'])
  await first.open()
  expect(first.said[0]).toMatchObject({ t: 'hello' })
})

test('a link that does not open is tried again without the early frame, as the same attempt', async () => {
  const { link, events } = openPage({ reconnect: { nextDelayMs: () => 60_000 } })
  await (await link(0)).end()
  const second = await link(1)
  expect(second.early).toBe(false)
  await second.welcome()
  expect(names(events)).toEqual(['connecting', 'open'])
})

test('a first frame that is too long for the upgrade request goes over the open link', async () => {
  const { link, session } = openPage({ auth: 'x'.repeat(5_000) })
  const first = await link(0)
  expect(first.early).toBe(false)
  await first.welcome()
  expect(session.state).toBe('open')
})

test('a link that is lost is followed by another, and nothing of what was in flight', async () => {
  const { link, session, events, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  const sent = session.send('n', 1)
  await platform.settle()
  await first.end()
  expect(session.state).toBe('recovering')
  const second = await link(1)
  await second.welcome({ resumed: true })
  expect(session.state).toBe('open')
  expect(second.said).toMatchObject([
    { t: 'hello', fresh: false },
    { t: 'msg', d: 1 },
  ])
  await second.say({ t: 'ack', n: 1 })
  await sent
  expect(names(events)).toEqual(['connecting', 'open', 'recovering', 'connecting', 'recovered'])
})

test('the policy is asked with what it needs, and its null ends the session', async () => {
  const asked: unknown[] = []
  const { link, session } = openPage({
    early: false,
    reconnect: {
      nextDelayMs(context) {
        asked.push({ ...context })
        return asked.length > 3 ? null : 0
      },
    },
  })
  await (await link(0)).end()
  await (await link(1)).end()
  await (await link(2)).welcome()
  await (await link(2)).end()
  await (await link(3)).end()
  expect(await session.closed).toMatchObject({ code: 'aborted', by: 'local', clean: false })
  expect(asked).toMatchObject([
    { attempt: 2, welcomed: false, error: { reason: 'not-opened' } },
    { attempt: 3, welcomed: false },
    { attempt: 1, welcomed: true, error: undefined },
    { attempt: 2, welcomed: true, error: { reason: 'not-opened' } },
  ])
})

test('a policy that throws ends the session with its error as the cause', async () => {
  const { link, session } = openPage({
    early: false,
    reconnect: {
      nextDelayMs() {
        throw new Error('a bug in the policy')
      },
    },
  })
  await (await link(0)).end()
  expect(await session.closed).toMatchObject({ code: 'aborted', reason: 'the reconnect policy failed' })
  await expect(session.opened).rejects.toMatchObject({
    code: 'session-closed',
    cause: { message: 'a bug in the policy' },
  })
})

test('backoff draws evenly below a bound that doubles up to its maximum, and gives up where nobody speaks', () => {
  const context = { downMs: 0, error: undefined, welcomed: true, silentLinks: 0, untried: false }
  const most = backoff({ random: () => 0.999999 })
  expect(
    [1, 2, 3, 8, 5_000].map((attempt) => Math.round(most.nextDelayMs({ attempt, ...context }) as number)),
  ).toEqual([100, 200, 400, 10_000, 10_000])
  expect(backoff({ minMs: 0, random: () => 0.5 }).nextDelayMs({ attempt: 5_000, ...context })).toBe(0)
  expect(backoff({ attemptsMax: 2 }).nextDelayMs({ attempt: 3, ...context })).toBe(null)
  const silent = { ...context, welcomed: false, silentLinks: 3 }
  expect(most.nextDelayMs({ attempt: 1, ...silent })).toBe(null)
  expect(most.nextDelayMs({ attempt: 1, ...silent, untried: true })).not.toBe(null)
})

test('gives up on a server that opens three links in a row and never speaks', async () => {
  const { session, link, links, platform } = openPage({
    early: false,
    reconnect: backoff({ random: () => 0 }),
    welcomeTimeoutMs: 500,
  })
  const sent = session.send('n', 1).catch((error: unknown) => error)
  for (let n = 0; n < 3; n++) {
    await (await link(n)).open()
    await platform.advance(510)
    expect((await link(n)).closedWith()).toBe(4404)
  }
  expect(await session.closed).toMatchObject({ code: 'aborted', by: 'local' })
  await expect(session.opened).rejects.toMatchObject({ code: 'handshake-failed', reason: 'no-welcome' })
  expect(await sent).toMatchObject({ code: 'delivery-failed', cause: { reason: 'no-welcome' } })
  expect(links()).toBe(3)
})

test('a session that another holder of the key has taken says so, and does not fight for it', async () => {
  const { session, link, links, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  await first.end(4409, 'another link took over', true)
  expect(await session.closed).toMatchObject({ code: 'superseded', clean: false })
  await platform.advance(1_000)
  expect(links()).toBe(1)
})

test('auth is asked anew for each link; what fails or hangs costs one attempt', async () => {
  let count = 0
  const { link, events, platform } = openPage({
    connectTimeoutMs: 100,
    auth: () => {
      if (++count === 2) throw new Error('offline')
      return count === 3 ? new Promise<never>(() => {}) : { token: count }
    },
  })
  expect((await link(0)).said[0]).toMatchObject({ auth: { token: 1 } })
  await (await link(0)).welcome()
  await (await link(0)).end()
  await platform.advance(200)
  expect((await link(1)).said[0]).toMatchObject({ auth: { token: 4 }, fresh: false })
  const errors = events.filter(([name]) => name === 'disconnected').map(([, error]) => error)
  expect(errors).toMatchObject([
    { reason: 'not-opened', cause: { message: 'offline' } },
    { reason: 'not-opened' },
  ])
  expect(errors[0]).toBeInstanceOf(HandshakeError)
})

test('a session that is aborted while auth is being asked opens no link', async () => {
  let give: ((token: string) => void) | undefined
  const auth = () =>
    new Promise<string>((resolve) => {
      give = resolve
    })
  const { session, links, platform } = openPage({ auth })
  await platform.settle()
  session.abort()
  give?.('token')
  await platform.advance(1_000)
  expect(links()).toBe(0)
})

test('auth that JSON cannot carry ends the session, and says so', async () => {
  const { session, platform, links } = openPage({ auth: () => 1n as never })
  await platform.settle()
  expect(await session.closed).toMatchObject({ code: 'aborted' })
  await expect(session.opened).rejects.toMatchObject({ message: expect.stringContaining('BigInt') })
  expect(links()).toBe(0)
})

test('the signal of connect() ends the session', async () => {
  const controller = new AbortController()
  const { session, link } = openPage({ signal: controller.signal })
  await link(0)
  controller.abort(new Error('the user left'))
  await link(0)
  await expect(session.opened).rejects.toMatchObject({
    code: 'session-closed',
    cause: { message: 'the user left' },
  })
})

test('a session that was closed in the turn of connect() opens no link', async () => {
  const { session, links, platform } = openPage()
  const closing = session.close()
  await platform.settle()
  expect(await closing).toMatchObject({ clean: true })
  expect(links()).toBe(0)
})

test('an answer that cannot be sent is told to whoever asked', async () => {
  const { session, link } = openPage()
  const first = await link(0)
  await first.welcome()
  session.handle('q', () => 1n)
  await first.say({ t: 'msg', seq: 1, id: 'a', ch: 'q', ask: true })
  expect(first.said).toContainEqual(
    expect.objectContaining({ t: 'msg', re: 'a', err: expect.objectContaining({ code: 'reply-invalid' }) }),
  )
})

test('a session that is over has room, and no loop', async () => {
  const { session, platform } = openPage()
  session.abort()
  await platform.settle()
  await session.closed
  await session.ready
  for await (const message of session) throw new Error(`there should be none: ${message.id}`)
  await expect(session.send('n', 1)).rejects.toMatchObject({ fate: 'not-sent' })
})

test('away is followed to where it points, and never from TLS to none', async () => {
  const { link, events } = openPage({}, 'wss://server.example/path')
  await (await link(0)).welcome()
  await (await link(0)).say({ t: 'away', after: 0, location: 'https://other.example/x' })
  expect((await link(1)).socket.url).toBe('wss://other.example/x')
  await (await link(1)).welcome({ resumed: true })
  await (await link(1)).say({ t: 'away', after: 0, location: 'ws://third.example/' })
  expect((await link(2)).socket.url).toBe('wss://server.example/path')
  expect(events.filter(([name]) => name === 'away')).toHaveLength(2)
})

test('a platform that refuses the address ends the session with its words', async () => {
  const { session, platform } = openPage()
  vi.stubGlobal(
    'WebSocket',
    class {
      constructor() {
        throw new Error('mixed content')
      }
    },
  )
  await platform.settle()
  expect(await session.closed).toMatchObject({ code: 'aborted' })
  await expect(session.opened).rejects.toMatchObject({
    reason: 'not-opened',
    message: expect.stringContaining('mixed content'),
  })
})

test('a socket that says no more than that it failed is over', async () => {
  const { link, events } = openPage({ early: false })
  ;(await link(0)).socket.onerror?.({})
  await link(1)
  expect(names(events)).toEqual(['connecting', 'disconnected', 'connecting'])
})

test('a busy socket is given nothing until it has room', async () => {
  const { link, session, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  first.socket.near.writable = false
  void session.send('n', 1).catch(() => {})
  await platform.advance(100)
  expect(first.said).toHaveLength(1)
  first.socket.near.writable = true
  await platform.advance(100)
  expect(first.said).toMatchObject([{ t: 'hello' }, { t: 'msg' }])
})

test('the fallback takes turns with WebSockets until one of them brings the session', async () => {
  const made: string[] = []
  const { link, session } = openPage({
    early: false,
    fallback: {
      socket(url: string, protocols: string[]) {
        made.push(url)
        return new FakeSocket(url, protocols)
      },
    } as never,
  })
  await (await link(0)).end()
  await (await link(1)).end()
  await (await link(2)).end()
  await (await link(3)).welcome()
  expect(session.state).toBe('open')
  expect(made).toHaveLength(2)
  await (await link(3)).end()
  await (await link(4)).welcome({ resumed: true })
  expect(made).toHaveLength(3)
})

test('an address that is none, or what a message cannot carry, is an ArgumentError', async () => {
  expect(() => connect('ftp://x/')).toThrowError(ArgumentError)
  expect(() => connect('nowhere')).toThrowError(ArgumentError)
  const { session } = openPage()
  const circle: { circle?: unknown } = {}
  circle.circle = circle
  const refused = [
    session.send('n', circle),
    session.send('n', () => {}),
    session.send('n', JSON.parse('{"__proto__":1}')),
    session.send('x'.repeat(129)),
    session.send('n', 1, { id: 'no spaces' }),
    session.send('n', 1, { meta: { k: 'v'.repeat(600) } }),
    session.send('n', 1, { meta: { '': 'v' } }),
    session.send('n', 1, { meta: { k: ['v'] as never } }),
  ]
  for (const sent of refused) {
    const error = await sent.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ArgumentError)
    expect(error).toBeInstanceOf(LastwordError)
    expect(error).toMatchObject({ name: 'ArgumentError', code: 'argument-invalid' })
  }
  expect(() => session.handle('n', undefined as never)).toThrowError(ArgumentError)
})

test('an id that is used again after its caller stopped waiting is a message of its own', async () => {
  const { session, link, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  const waiting = new AbortController()
  const given = session.send('n', 1, { id: 'same', signal: waiting.signal })
  given.catch(() => {})
  await platform.settle()
  waiting.abort()
  await expect(given).rejects.toMatchObject({ fate: 'unknown' })
  let settled = false
  const again = session.send('n', 1, { id: 'same' }).then(() => {
    settled = true
  })
  await platform.settle()
  await first.say({ t: 'ack', n: 1 })
  expect(settled, 'the second one is not handled yet').toBe(false)
  await first.say({ t: 'ack', n: 2 })
  expect(settled).toBe(true)
  await again
})

test('a link whose server has not selected the subprotocol is told nothing, and is left', async () => {
  const { session, link, platform } = openPage({
    early: false,
    reconnect: { nextDelayMs: ({ attempt }) => (attempt > 1 ? null : 0) },
  })
  const first = await link(0)
  first.socket.protocol = ''
  await first.open()
  await platform.settle()
  expect(first.said).toEqual([])
  expect(first.closedWith()).toBeDefined()
  await expect(session.opened).rejects.toMatchObject({ code: 'handshake-failed', reason: 'not-opened' })
})

test('a busy socket is asked by one timer, however much happens meanwhile', async () => {
  const { link, session, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  first.socket.near.writable = false
  for (let n = 0; n < 20; n++) {
    void session.send('n', n).catch(() => {})
    await platform.advance(1)
  }
  const asked = vi.spyOn(first.socket, 'bufferedAmount', 'get')
  await platform.advance(100)
  expect(asked.mock.calls.length).toBeLessThan(60)
})

test('where there is no WebSocket, there still is the fallback', async () => {
  const { session, platform } = openPage({
    fallback: { socket: (url: string, protocols: string[]) => new FakeSocket(url, protocols) } as never,
  })
  vi.stubGlobal('WebSocket', undefined)
  await platform.settle()
  await platform.advance(1)
  expect(session.state).toBe('connecting')
  expect(FakeSocket.all).toHaveLength(1)
})

test('an object that has a buffer is no view of one', async () => {
  const { session, link } = openPage({ early: false })
  session.send('n', { buffer: new ArrayBuffer(2), more: 1 }).catch(() => {})
  const first = await link(0)
  await first.open()
  expect(first.said[1]).toMatchObject({ t: 'msg', d: { more: 1 } })
})

test('a handler whose error has a number for a code answers all the same', async () => {
  const { session, link } = openPage()
  const first = await link(0)
  await first.welcome()
  session.handle('q', () => {
    throw new RemoteError(404 as never, 'not here')
  })
  await first.say({ t: 'msg', seq: 1, id: 'a', ch: 'q', ask: true })
  expect(first.said).toContainEqual(
    expect.objectContaining({ re: 'a', err: { code: '404', message: 'not here' } }),
  )
})

test('an acknowledgement that is refused settles nothing', async () => {
  const { session, link } = openPage()
  const first = await link(0)
  const sent = ['a', 'b', 'c'].map((name) => session.send(name))
  await first.welcome()
  await first.say({ t: 'ack', n: 1, also: [[3, 99]] })
  expect(first.closedWith()).toBe(4407)
  const second = await link(1)
  await second.welcome({ resumed: true, got: 3 })
  await second.say({ t: 'ack', n: 3 })
  expect(await Promise.race([Promise.all(sent), second.open().then(() => 'some wait')])).toHaveLength(3)
})

test.each<[string, object]>([
  ['a name', { t: 'msg', seq: 1, id: 'a', ch: { toString: 1 }, ask: true }],
  ['the message of an error', { t: 'msg', seq: 1, id: 'a', re: 'asked', err: { message: { toString: 1 } } }],
  ['a reason', { t: 'reset', code: 'internal', reason: { toString: 1 } }],
])('a server that says %s that is no text is found out before that does anything', async (_, said) => {
  const { session, link } = openPage()
  const asked = session.request('q', 1, { id: 'asked' })
  asked.catch(() => {})
  session.handle('n', () => {})
  const first = await link(0)
  await first.welcome()
  await first.say(said)
  expect(first.closedWith()).toBe(4400)
  expect(session.state).toBe('recovering')
  const second = await link(1)
  await second.welcome({ resumed: true, got: 1 })
  await second.say({ t: 'ack', n: 1 }, { t: 'msg', seq: 1, id: 'r', re: 'asked', d: 7 })
  expect(await Promise.race([asked, second.open().then(() => 'it waits')])).toBe(7)
})

test('a RemoteError is made by applications too', () => {
  const error = new RemoteError('busy', 'come back later')
  expect(error).toMatchObject({ name: 'RemoteError', code: 'remote-error', remoteCode: 'busy' })
  expect(error).toBeInstanceOf(Error)
})

test('with a journal the session is what the journal opens', async () => {
  const opened = {}
  const journal = {
    connect: async (url: string, options: object) =>
      url === 'wss://x/' && 'maxBytes' in options && options.maxBytes === 70_000 ? opened : undefined,
  }
  expect(await connect('wss://x/', { journal: journal as never, maxBytes: 70_000 })).toBe(opened)
  expect(() => connect('wss://x/', { journal: {} as never })).toThrow('withClient')
})
