import { expect, test, vi } from 'vitest'
import { decodeHttpBody } from '../../../transport/src/http-body.ts'
import { openPage } from './fake-server.ts'

async function bodyOf({ init }: { init: RequestInit }) {
  const bytes = new Uint8Array(await new Response(init.body as never).arrayBuffer())
  const { frames } = decodeHttpBody(bytes)
  return frames.flatMap((frame) => (typeof frame === 'string' ? JSON.parse(frame) : [frame]))
}

test('what is not acknowledged leaves with the page on a one-shot link, and the socket is closed', async () => {
  const { session, link, fire, posted, platform, links } = openPage(
    { auth: 'token' },
    'wss://x.example/p?a=1',
  )
  const first = await link(0)
  await first.welcome()
  void session.send('a', 1).catch(() => {})
  await platform.settle()
  void session.send('b', 2).catch(() => {})
  void session.close()
  await fire('pagehide', { persisted: false })
  expect(posted).toHaveLength(1)
  expect(posted[0]?.url).toBe('https://x.example/p?a=1&lastword=once')
  expect(posted[0]?.init).toMatchObject({ method: 'POST', keepalive: true, credentials: 'include' })
  // Two frames need no preflight either.
  expect(posted[0]?.init.headers).toBeUndefined()
  expect(await bodyOf(posted[0] as never)).toMatchObject([
    { t: 'hello', link: 2, fresh: false, auth: 'token', gone: true },
    { t: 'msg', ch: 'a' },
    { t: 'msg', ch: 'b' },
    { t: 'fin' },
  ])
  expect(first.closedWith()).toBeDefined()
  await platform.advance(60_000)
  expect(links()).toBe(1)
})

test('a close that was begun goes along, and says that the page is gone', async () => {
  const { session, link, fire, posted, platform } = openPage()
  await (await link(0)).welcome()
  ;(await link(0)).socket.near.writable = false
  void session.close()
  await platform.settle()
  await fire('pagehide', { persisted: false })
  expect(await bodyOf(posted[0] as never)).toMatchObject([{ t: 'hello', gone: true }, { t: 'fin' }])
})

test('bytes leave with the page too', async () => {
  const { session, link, fire, posted } = openPage()
  await (await link(0)).welcome()
  void session.send('a', new Uint8Array([1, 2, 3])).catch(() => {})
  void session.send('b', 'ü').catch(() => {})
  await fire('pagehide', { persisted: false })
  const [hello, bytes, text] = await bodyOf(posted[0] as never)
  expect(hello).toMatchObject({ t: 'hello' })
  expect([...bytes].slice(-3)).toEqual([1, 2, 3])
  expect(text).toMatchObject({ t: 'msg', d: 'ü' })
  expect(posted[0]?.init.body).toMatchObject({ type: 'text/plain' })
})

test('a page that has nothing to say says nothing', async () => {
  const { link, fire, posted } = openPage()
  await (await link(0)).welcome()
  await fire('pagehide', { persisted: true })
  expect(posted).toEqual([])
  expect((await link(0)).closedWith()).toBeDefined()
})

test('a page leaves its link as for another one, so that the server keeps how its session ended', async () => {
  const { session, link, fire } = openPage()
  await (await link(0)).welcome()
  void session.send('a', 1).catch(() => {})
  await fire('pagehide', { persisted: true })
  expect((await link(0)).closedWith()).toBe(4409)
})

test('what leaves with the page goes where its server has sent it', async () => {
  const { session, link, fire, posted } = openPage()
  await (await link(0)).welcome()
  await (await link(0)).say({ t: 'away', after: 0, location: '/moved' })
  await (await link(1)).welcome({ resumed: true })
  void session.send('a', 1).catch(() => {})
  await fire('pagehide', { persisted: true })
  expect(posted[0]?.url).toBe('http://server.example/moved?lastword=once')
})

test('a page that is looked at again and again does not put off the end of a dead link', async () => {
  const { session, link, platform, fire } = openPage()
  const first = await link(0)
  await first.welcome()
  for (let n = 0; n < 5; n++) {
    await fire('visibilitychange')
    await platform.advance(10_000)
  }
  expect(first.said.filter(({ t }) => t === 'ping')).toHaveLength(1)
  expect(first.closedWith()).toBe(4408)
  session.abort()
})

test('a page that is back connects at once, whatever the policy says', async () => {
  const { session, link, fire, platform, posted, links } = openPage({
    reconnect: { nextDelayMs: () => 60_000 },
  })
  await (await link(0)).welcome()
  const sent = session.send('a', 1)
  await fire('pagehide', { persisted: true })
  await fire('freeze')
  expect(posted).toHaveLength(1)
  expect((await bodyOf(posted[0] as never))[0]).not.toHaveProperty('gone')
  await platform.advance(120_000)
  expect(links()).toBe(1)
  await fire('pageshow', { persisted: true })
  expect(links()).toBe(2)
  await (await link(1)).welcome({ resumed: true, got: 1 })
  await (await link(1)).say({ t: 'ack', n: 1 })
  await sent
  expect(session.state).toBe('open')
})

test('freeze parks the session, and resume goes on', async () => {
  const { session, link, fire, links } = openPage({ reconnect: { nextDelayMs: () => 60_000 } })
  await (await link(0)).welcome()
  await fire('freeze')
  expect((await link(0)).closedWith()).toBeDefined()
  await fire('resume')
  expect(links()).toBe(2)
  await (await link(1)).welcome({ resumed: true })
  expect(session.state).toBe('open')
})

test('a page that goes and comes back while auth is asked goes on with what it asked last', async () => {
  const give: Array<(token: string) => void> = []
  const auth = () => new Promise<string>((resolve) => give.push(resolve))
  const { session, link, links, fire, platform } = openPage({ auth })
  await platform.settle()
  await fire('pagehide', { persisted: true })
  await fire('pageshow', { persisted: true })
  expect(give).toHaveLength(2)
  give[1]?.('second')
  const first = await link(0)
  expect(first.said[0]).toMatchObject({ auth: 'second' })
  give[0]?.('first')
  await first.welcome()
  await platform.advance(6_000)
  expect(session.state).toBe('open')
  expect(links()).toBe(1)
})

test('nothing is tried while there is no network, and at once when there is', async () => {
  const { link, fire, platform, links } = openPage({ early: false })
  await (await link(0)).welcome()
  vi.stubGlobal('navigator', { onLine: false })
  await (await link(0)).end()
  await platform.advance(60_000)
  await fire('visibilitychange')
  await fire('pageshow', { persisted: true })
  expect(links()).toBe(1)
  vi.stubGlobal('navigator', { onLine: true })
  await fire('online')
  expect(links()).toBe(2)
})

test('the network is back: a link that is still there is asked whether it is alive', async () => {
  const { link, fire } = openPage()
  const first = await link(0)
  await first.welcome()
  await fire('online')
  expect(first.said.at(-1)).toMatchObject({ t: 'ping' })
})

test('a timer that is late does not judge a link whose answer is there to be read', async () => {
  const { session, link, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  await platform.advance(15_001)
  const { k } = first.said.at(-1) as { k: number }
  expect(first.said.at(-1)).toMatchObject({ t: 'ping' })
  // The timer is due, and the answer is the next thing to be read.
  platform.setTimer(14_999, () => void first.say({ t: 'pong', k }), false)
  await platform.advance(15_000)
  expect(session.state).toBe('open')
})

test('a link on which nobody answers is given up, and one that slept is asked again', async () => {
  const { session, link, platform } = openPage()
  const first = await link(0)
  await first.welcome()
  await platform.advance(15_001)
  await platform.advance(15_001)
  expect(session.state).toBe('recovering')
  expect(first.closedWith()).toBe(4408)
})

test('a session that is over listens to its page no more', async () => {
  const { session, link, listeners, platform } = openPage()
  await (await link(0)).welcome()
  expect(listeners()).toBeGreaterThan(0)
  session.abort()
  await platform.settle()
  expect(listeners()).toBe(0)
})
