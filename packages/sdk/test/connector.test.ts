import { until } from '@lastword/testkit'
import type { LinkEnd } from '@lastword/transport'
import { afterEach, expect, test } from 'vitest'
import { backoff, type ConnectOptions, connect, type LastwordError, type Session } from '../src/node.ts'
import { type ScriptedLink, scriptedLinks } from './scripted-links.ts'

const sessions: Session[] = []
afterEach(() => {
  for (const session of sessions.splice(0)) session.abort()
})

function start(options: ConnectOptions = {}) {
  const { links, openLink } = scriptedLinks()
  const session = connect('ws://server.example/path', {
    reconnect: { nextDelayMs: () => 0 },
    ...options,
    openLink,
  })
  session.on('error', () => {})
  sessions.push(session)
  const events: Array<[string, unknown]> = []
  for (const name of ['connecting', 'open', 'recovering', 'recovered', 'disconnected', 'closed'] as const) {
    session.on(name, (value) => events.push([name, value]))
  }
  return {
    session,
    links,
    events,
    link: (n: number): Promise<ScriptedLink> => until(() => links[n], { what: `link ${n}` }),
  }
}

/** Turns of the event loop in which something that should not happen would have happened. */
async function someTurns(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
}

test('what is sent in the turn of connect() goes with the upgrade request', async () => {
  const { session, link } = start()
  void session.send('n', 1).catch(() => {})
  const first = await link(0)
  expect(first.url).toBe('ws://server.example/path')
  expect(first.options.protocols[0]).toBe('lastword.1')
  expect(first.early).toBe(true)
  expect(first.said).toMatchObject([
    { t: 'hello', fresh: true },
    { t: 'msg', ch: 'n', d: 1 },
  ])
})

test('with early: false the first frame waits for the link to open', async () => {
  const { session, link } = start({ early: false })
  void session.send('n', 1).catch(() => {})
  const first = await link(0)
  expect(first.options.protocols).toEqual(['lastword.1'])
  expect(first.said).toEqual([])
  first.open()
  expect(first.said[0]).toMatchObject({ t: 'hello' })
})

test('an early frame that may be the reason of a refusal is tried again without, as the same attempt', async () => {
  const { link, events, links } = start({ reconnect: { nextDelayMs: () => 60_000 } })
  ;(await link(0)).end({ failure: 'upgrade-refused', httpStatus: 431 })
  const second = await link(1)
  expect(second.early).toBe(false)
  second.welcome()
  await until(() => events.some(([name]) => name === 'open'), { what: 'the session to open' })
  expect(events.map(([name]) => name)).toEqual(['connecting', 'open'])
  expect((second.said[0] as { fresh: boolean }).fresh).toBe(true)
  expect(links).toHaveLength(2)
})

test('a connection that was refused says nothing against early frames', async () => {
  const { link } = start()
  const refused = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  })
  ;(await link(0)).end({ failure: 'unreachable', error: refused })
  expect((await link(1)).early).toBe(true)
})

test('the fate of what travelled early is not-sent only where no request can have left', async () => {
  const cases: Array<[Partial<Parameters<ScriptedLink['end']>[0]>, string]> = [
    [
      {
        failure: 'unreachable',
        error: Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }),
      },
      'not-sent',
    ],
    [
      {
        failure: 'unreachable',
        error: Object.assign(new Error('x'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
      },
      'not-sent',
    ],
    [
      {
        failure: 'unreachable',
        error: Object.assign(new AggregateError([Object.assign(new Error('x'), { syscall: 'connect' })]), {
          code: 'ECONNREFUSED',
        }),
      },
      'not-sent',
    ],
    [
      { failure: 'certificate', error: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }) },
      'not-sent',
    ],
    [{ failure: 'certificate', error: Object.assign(new Error('x'), { code: 'EPROTO' }) }, 'unknown'],
    [
      {
        failure: 'unreachable',
        error: Object.assign(new Error('x'), { code: 'ECONNRESET', syscall: 'read' }),
      },
      'unknown',
    ],
    [{ failure: 'unreachable', error: new Error('socket hang up') }, 'unknown'],
    [{ failure: 'unreachable', error: new Error('The connection was not made within 10 ms.') }, 'unknown'],
    [{ failure: 'upgrade-refused', httpStatus: 502 }, 'unknown'],
    [{ failure: 'not-opened' }, 'unknown'],
  ]
  for (const [end, fate] of cases) {
    const { session, links } = start({ reconnect: { nextDelayMs: () => null } })
    const sent = session.send('n', 1).catch((error: unknown) => error)
    await until(() => links[0], { what: 'the link' })
    links[0]?.end(end)
    // Where it is tried again without the early frame, that fails before it says anything.
    await Promise.race([session.closed, until(() => links[1], { what: 'the second try' })])
    links[1]?.end({ failure: 'unreachable', error: Object.assign(new Error('x'), { syscall: 'connect' }) })
    expect(await sent, JSON.stringify(end)).toMatchObject({ code: 'delivery-failed', fate })
  }
})

test('a link that the session has given up does not hold up the next, and its end starts nothing', async () => {
  const { link, links, events, session } = start()
  const first = await link(0)
  first.close = async () => new Promise(() => {})
  first.welcome({ keepalive: 20 })
  await until(() => session.state === 'recovering', { what: 'the silence to be noticed' })
  const second = await link(1)
  // It ends while the second one is on its way.
  first.end()
  second.welcome({ resumed: true })
  await until(() => session.state === 'open', { what: 'the session to go on' })
  await someTurns()
  expect(links).toHaveLength(2)
  expect(events.map(([name]) => name)).toEqual([
    'connecting',
    'open',
    'recovering',
    'connecting',
    'recovered',
  ])
})

test('a link that ends between two attempts starts no second timer', async () => {
  let asked = 0
  const { link, links, session } = start({ reconnect: { nextDelayMs: () => 40 * Math.sign(++asked) } })
  const first = await link(0)
  first.close = async () => new Promise(() => {})
  first.welcome({ keepalive: 10 })
  await until(() => session.state === 'recovering' && asked === 1, { what: 'the next attempt to be planned' })
  first.end()
  await link(1)
  expect(asked).toBe(1)
  expect(links).toHaveLength(2)
})

test('the policy is asked with what it needs, and its null ends the session', async () => {
  const asked: unknown[] = []
  const { link, session } = start({
    early: false,
    reconnect: {
      nextDelayMs(context) {
        asked.push({ ...context })
        return asked.length > 3 ? null : 0
      },
    },
  })
  ;(await link(0)).end()
  ;(await link(1)).end()
  ;(await link(2)).welcome()
  const third = await link(2)
  third.end()
  ;(await link(3)).end()
  const report = await session.closed
  expect(report).toMatchObject({ code: 'aborted', by: 'local', clean: false })
  expect(asked).toMatchObject([
    { attempt: 2, welcomed: false, error: { reason: 'unreachable' } },
    { attempt: 3, welcomed: false },
    { attempt: 1, welcomed: true, error: undefined },
    { attempt: 2, welcomed: true, error: { reason: 'unreachable' } },
  ])
})

test('a policy that throws ends the session with its error as the cause', async () => {
  const { link, session } = start({
    early: false,
    reconnect: {
      nextDelayMs() {
        throw new Error('a bug in the policy')
      },
    },
  })
  const opened = session.opened.catch((error: LastwordError) => error)
  ;(await link(0)).end()
  expect(await session.closed).toMatchObject({ code: 'aborted', reason: 'the reconnect policy failed' })
  expect(await opened).toMatchObject({ code: 'session-closed', cause: { message: 'a bug in the policy' } })
})

test('auth is asked anew for each link', async () => {
  let count = 0
  const { link } = start({ auth: async () => ({ token: ++count }) })
  expect((await link(0)).said[0]).toMatchObject({ auth: { token: 1 } })
  ;(await link(0)).welcome()
  ;(await link(0)).end()
  expect((await link(1)).early).toBe(true)
  expect((await link(1)).said[0]).toMatchObject({ auth: { token: 2 }, fresh: false })
})

test.each([
  ['rejects', () => Promise.reject(new Error('offline'))],
  [
    'throws',
    () => {
      throw new Error('offline')
    },
  ],
  ['never answers', () => new Promise<never>(() => {})],
])('auth that %s once costs one attempt, and the session goes on', async (_, fail) => {
  let count = 0
  const { session, link, events } = start({
    auth: () => (++count === 2 ? fail() : { token: count }),
    connectTimeoutMs: 20,
  })
  ;(await link(0)).welcome()
  ;(await link(0)).end()
  expect((await link(1)).said[0]).toMatchObject({ auth: { token: 3 }, fresh: false })
  ;(await link(1)).welcome()
  expect(session.state).toBe('open')
  const errors = events.filter(([name]) => name === 'disconnected').map(([, error]) => error)
  expect(errors).toMatchObject([{ code: 'handshake-failed', reason: 'not-opened' }])
  expect((errors[0] as LastwordError).cause).toBeInstanceOf(Error)
})

test('auth that always fails is asked until the policy gives up', async () => {
  let count = 0
  const { session, links } = start({
    auth: () => Promise.reject(new Error(`offline ${++count}`)),
    reconnect: backoff({ minMs: 0, maxMs: 0, attemptsMax: 3 }),
  })
  await expect(session.opened).rejects.toMatchObject({
    code: 'handshake-failed',
    cause: { message: 'offline 3' },
  })
  expect(links).toEqual([])
})

test('a session that is aborted while auth is being asked opens no link', async () => {
  let give: ((token: string) => void) | undefined
  const { session, links } = start({
    auth: () =>
      new Promise<string>((resolve) => {
        give = resolve
      }),
  })
  await until(() => give, { what: 'auth to be asked' })
  session.abort()
  give?.('token')
  await someTurns()
  expect(links).toEqual([])
})

test('the signal of connect() ends the session, and its listener goes with it', async () => {
  const controller = new AbortController()
  const { session, link } = start({ signal: controller.signal })
  await link(0)
  controller.abort(new Error('the user left'))
  expect(await session.closed).toMatchObject({ code: 'aborted', by: 'local' })
  await expect(session.opened).rejects.toMatchObject({
    code: 'session-closed',
    cause: { message: 'the user left' },
  })

  const before = start({ signal: AbortSignal.abort() })
  expect(await before.session.closed).toMatchObject({ code: 'aborted' })
  await someTurns()
  expect(before.links).toEqual([])
})

test('a session that was closed in the turn of connect() opens no link', async () => {
  const { session, links } = start()
  expect(await session.close()).toMatchObject({ clean: true })
  await someTurns()
  expect(links).toEqual([])
})

test('a session that another holder of the key has taken says so, and does not fight for it', async () => {
  const { session, link, links } = start()
  const first = await link(0)
  first.welcome()
  first.end({ code: 4409, reason: 'another link took over', clean: true })
  expect(await session.closed).toMatchObject({ code: 'superseded', clean: false })
  await someTurns()
  expect(links).toHaveLength(1)
})

test('backoff draws evenly below a bound that doubles up to its maximum', () => {
  const context = { downMs: 0, error: undefined, welcomed: true, silentLinks: 0, untried: false }
  const most = backoff({ random: () => 0.999999 })
  expect(
    [1, 2, 3, 8, 50].map((attempt) => Math.round(most.nextDelayMs({ attempt, ...context }) as number)),
  ).toEqual([100, 200, 400, 10_000, 10_000])
  expect(backoff({ random: () => 0 }).nextDelayMs({ attempt: 9, ...context })).toBe(0)
  expect(backoff({ attemptsMax: 2 }).nextDelayMs({ attempt: 3, ...context })).toBe(null)
})

const impatient = () => ({ reconnect: backoff({ random: () => 0 }), welcomeTimeoutMs: 5 })

test('gives up on a server that opens three links in a row and never speaks, and says what is missing there', async () => {
  const { session, link, links } = start(impatient())
  const sent = session.send('n', 1).catch((error: unknown) => error)
  for (let n = 0; n < 3; n++) (await link(n)).open()
  expect(await session.closed).toMatchObject({ code: 'aborted', by: 'local' })
  expect(links.map(({ closedWith }) => closedWith)).toEqual([4404, 4404, 4404])
  const missing = {
    code: 'handshake-failed',
    reason: 'no-welcome',
    message: expect.stringMatching(/did not welcome the session within 5 ms, 3 times in a row/),
    remedy: expect.stringMatching(/adapter\.connection\(\)/),
  }
  await expect(session.opened).rejects.toMatchObject(missing)
  expect(await sent).toMatchObject({ code: 'delivery-failed', cause: missing })
  await someTurns()
  expect(links).toHaveLength(3)
})

test('goes on trying where the server ends a link by itself, or something is between two silent ones', async () => {
  const { link, session } = start(impatient())
  const ends: Array<Partial<LinkEnd>> = [
    { code: 4404, reason: 'authenticate was not done within 10 ms', clean: true },
    { code: 1001, reason: 'the server is shutting down', clean: true },
    {},
  ]
  let n = 0
  for (const end of ends) {
    for (let silent = 0; silent < 2; silent++) (await link(n++)).open()
    const spoken = await link(n++)
    spoken.close = async (code) => {
      spoken.closedWith = code
      return new Promise(() => {})
    }
    spoken.open()
    // What the server says of itself crosses with this side's own close.
    if (end.clean) await until(() => spoken.closedWith, { what: 'the close' })
    spoken.end(end)
  }
  ;(await link(n)).welcome()
  await session.opened
})

test('a server that is too slow three times does not end a session that was welcomed once', async () => {
  const { link, session } = start(impatient())
  const first = await link(0)
  first.welcome()
  first.end()
  for (let n = 1; n <= 4; n++) (await link(n)).open()
  ;(await link(5)).welcome({ resumed: true })
  await until(() => session.state === 'open', { what: 'the session to be open again' })
})
