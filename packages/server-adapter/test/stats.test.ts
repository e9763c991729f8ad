import type { Session } from '@lastword/sdk'
import { expect, test } from 'vitest'
import { AdapterCounters, type Counted } from '../src/adapter-stats.ts'
import { memoryJournal } from '../src/journal-memory.ts'
import { later, open, serve, until, within } from './harness.ts'
import { createSwitch } from './switch.ts'

const quickly = { nextDelayMs: () => 0 }

test('adapter.stats() counts sessions by their state, links, what went over them, and refusals', async () => {
  let denied = false
  const served = await serve('ws', {
    adapter: { ttlMs: 60_000, authenticate: () => (denied ? false : 'somebody') },
    onConnection: () => {},
  })
  const { adapter, connect, proxy, sessions } = served
  adapter.onSession((session) => session.handle('echo', (payload) => payload))
  const none = { connecting: 0, open: 0, recovering: 0, closing: 0, closed: 0 }
  expect(adapter.stats()).toMatchObject({ sessions: none, links: 0, ever: { sessions: 0, links: 0 } })
  const first = connect({ reconnect: quickly, early: false })
  const second = connect({ reconnect: { nextDelayMs: () => null } })
  expect(
    await within('two answers', Promise.all([first.request('echo', 1), second.request('echo', 2)])),
  ).toEqual([1, 2])
  // An acknowledgement of the reply may still be on its way.
  await until(() => adapter.stats().ever.sent.handled === 2, { what: 'the replies to be acknowledged' })
  expect(adapter.stats()).toMatchObject({
    sessions: { ...none, open: 2 },
    links: 2,
    ever: {
      sessions: 2,
      links: 2,
      sent: { messages: 2, replayed: 0, handled: 2 },
      received: { messages: 2, duplicates: 0, handled: 2 },
      ended: {},
      refused: {},
    },
  })
  const { sent, received } = first.stats()
  const other = second.stats()
  const { ever } = adapter.stats()
  expect(ever.received.bytes).toBe(sent.bytes + other.sent.bytes)
  expect(ever.sent.bytes).toBe(received.bytes + other.received.bytes)

  for (const connection of proxy.connections) connection.cut('reset')
  await until(() => first.state === 'open' && first.stats().links === 2, { what: 'one to resume' })
  expect((await within('the other to give up', second.closed)).clean).toBe(false)
  await until(() => adapter.stats().sessions.open === 1, { what: 'the round trip' })
  expect(adapter.stats()).toMatchObject({ sessions: { ...none, open: 1, recovering: 1 }, ever: { links: 3 } })
  expect(first.stats().roundTripMs).toBeGreaterThanOrEqual(0)
  const there = sessions.find(({ id }) => id === first.id) as Session
  expect(there.stats().roundTripMs).toBeGreaterThanOrEqual(0)

  await within('the close', first.close())
  denied = true
  await expect(within('the refusal', later(connect().opened))).rejects.toMatchObject({
    code: 'session-closed',
  })
  await until(() => adapter.stats().links === 0, { what: 'the links to end' })
  const stats = adapter.stats()
  // It had another link, so that a first hello may still be under way: it is kept for a while.
  expect(stats.sessions).toEqual({ ...none, recovering: 1, closed: 1 })
  expect(stats.ever).toMatchObject({ sessions: 2, ended: { finished: 1 }, refused: { unauthorized: 1 } })
  expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
})

test('what is not kept any longer counts nowhere but in what has ever been', async () => {
  const { adapter, connect } = await serve('ws', { adapter: { sessionsMax: 2 } })
  for (let n = 1; n <= 4; n++) {
    const session = connect()
    await within('the session to open', session.opened)
    // A server that is told of the end over the link keeps nothing.
    await within('the close', session.close())
  }
  await until(() => adapter.sessionCount === 0, { what: 'the sessions to be forgotten' })
  const { sessions, ever } = adapter.stats()
  expect(Object.values(sessions)).toEqual([0, 0, 0, 0, 0])
  expect(ever).toMatchObject({ sessions: 4, ended: { finished: 4 } })
})

test('a session that has gone to another server counts there, and no longer here', async () => {
  const journal = memoryJournal()
  const here = await serve('ws', { adapter: { journal } })
  const there = await serve('ws', { adapter: { journal } })
  const address = await createSwitch(here.port)
  const session = open(`ws://localhost:${address.port}/`, { reconnect: quickly })
  await within('the session to open', session.opened)
  await until(() => here.adapter.stats().sessions.open === 1, { what: 'the session to count' })
  address.target = there.port
  await within('the shutdown', here.adapter.shutdown())
  await until(() => there.adapter.stats().sessions.open === 1, { what: 'the session to count there' })
  expect(Object.values(here.adapter.stats().sessions)).toEqual([0, 0, 0, 0, 0])
  expect(here.adapter.stats().ever).toMatchObject({ sessions: 1, ended: {} })
})

test('a session that was over when it came from the journal counts once, and not at all once it is gone', () => {
  const counters = new AdapterCounters()
  const session: Counted = { countedAs: undefined }
  counters.made(session, 'closed')
  counters.moved(session, 'closed')
  expect(Object.entries(counters.stats(0).sessions).filter(([, count]) => count !== 0)).toEqual([
    ['closed', 1],
  ])
  counters.gone(session)
  counters.gone(session)
  counters.moved(session, 'open')
  expect(Object.values(counters.stats(0).sessions)).toEqual([0, 0, 0, 0, 0])
})

test('a session that comes from the journal counts once, however far it had come', async () => {
  const journal = memoryJournal()
  const serveHere = async () => {
    const served = await serve('ws', { adapter: { journal, handOverMs: 10 } })
    served.adapter.onSession((session) => session.handle('hang', () => new Promise(() => {})))
    return served
  }
  const [first, second] = [await serveHere(), await serveHere()]
  const none = { connecting: 0, open: 0, recovering: 0, closing: 0, closed: 0 }
  const address = await createSwitch(first.port)
  const client = open(`ws://localhost:${address.port}/`)
  await client.opened
  // This side has closed, and waits for a handler of the other.
  client.handle('hang', () => new Promise(() => {}))
  await until(() => first.sessions.length === 1, { what: 'the session' })
  void later((first.sessions[0] as Session).send('hang'))
  void later((first.sessions[0] as Session).close())
  void later(client.request('hang'))
  await until(() => client.state === 'closing', { what: 'the close to be heard' })
  address.target = second.port
  address.cut()
  await until(() => second.sessions.length === 1, { what: 'the session at the second server' })
  expect(second.adapter.stats().sessions).toEqual({ ...none, closing: 1 })

  address.target = undefined
  address.cut()
  second.sessions[0]?.abort('enough')
  await within('the end', (second.sessions[0] as Session).closed)
  const third = await serveHere()
  address.target = third.port
  expect(await within('the client', client.closed)).toMatchObject({ code: 'aborted', by: 'peer' })
  expect(third.adapter.stats().sessions).toEqual({ ...none, closed: 1 })
})
