import { connect as connectTo, type NodeConnectOptions, type Session } from '@lastword/sdk'
import { expect, test, vi } from 'vitest'
import { memoryJournal } from '../src/journal-memory.ts'
import { keyDigest } from '../src/same-secret.ts'
import { brittleJournal } from './brittle-journal.ts'
import { byHand, hello } from './by-hand.ts'
import { atTheEnd, closedPort, later, serve, until, within } from './harness.ts'
import { createSwitch } from './switch.ts'

/** Sessions that outlive their server: another one goes on with them, which has the same journal. */

function open(port: number, options: NodeConnectOptions = {}): Session {
  const session = connectTo(`ws://localhost:${port}/`, options)
  session.on('error', () => {})
  atTheEnd(() => session.abort())
  return session
}

test('a server that has crashed has its sessions again, and gives to a handler what none had finished', async () => {
  const shared = memoryJournal()
  const before = brittleJournal(shared)
  const handled: string[] = []
  const first = await serve('ws', { adapter: { journal: before.journal } })
  first.adapter.onSession((session, { restored }) => {
    expect(restored).toBe(false)
    session.handle('note', (text: string) => {
      handled.push(`first ${text}`)
      return text === 'hangs' ? new Promise(() => {}) : text
    })
  })
  const second = await serve('ws', { adapter: { journal: shared, handOverMs: 10 } })
  second.adapter.onSession((session, { restored }) => {
    expect(restored).toBe(true)
    session.handle('note', (text: string, { redelivered }) => {
      handled.push(`second ${text}${redelivered ? ' again' : ''}`)
      return text
    })
  })
  const address = await createSwitch(first.port)
  const client = open(address.port)
  expect(await client.request('note', 'one')).toBe('one')
  const hangs = client.request('note', 'hangs')
  await until(() => handled.includes('first hangs'), { what: 'the handler that hangs' })
  const [record] = await shared.list()
  expect(record).toMatchObject({ sid: client.id, role: 'server', identity: '' })
  expect(record?.key).toMatch(/^[A-Za-z0-9_-]{43}$/)

  before.crash()
  address.target = second.port
  address.cut()
  expect(await within('the reply', hangs)).toBe('hangs')
  expect(await client.request('note', 'last')).toBe('last')
  expect(handled).toEqual(['first one', 'first hangs', 'second hangs again', 'second last'])
  expect(await within('the close', client.close())).toMatchObject({ clean: true })
})

test('no handler and no loop is given what the journal does not know to have come: so the mark is there', async () => {
  const brittle = brittleJournal(memoryJournal())
  const { port, adapter, sessions } = await serve('ws', { adapter: { journal: brittle.journal } })
  const given: unknown[] = []
  adapter.onSession(async (session) => {
    session.handle('handled', (value) => void given.push(value))
    session.onNote('tick', (value) => void given.push(value))
    for await (const { payload } of session) given.push(payload)
  })
  const client = open(port)
  await within('the first message', client.send('handled', 1))
  await sessions[0]?.stored()
  brittle.hold(true)
  const sent = [later(client.send('handled', 2)), later(client.send('looped', 3))]
  await until(() => brittle.held > 0, { what: 'a write' })
  client.note('tick', 'tick')
  await until(() => given.includes('tick'), { what: 'what no journal knows of' })
  expect(given).toEqual([1, 'tick'])
  brittle.hold(false)
  await until(() => given.length === 4, { what: 'the messages' })
  void later(client.send('looped', 4))
  await within('the acknowledgements', Promise.all(sent))
})

test('a rolling restart loses nothing where the journal is shared: each message is handled once, in order', async () => {
  const journal = memoryJournal()
  const handled = new Map<string, number[]>()
  const servers = await Promise.all(
    [0, 1, 2].map(async (number) => {
      const served = await serve('ws', { adapter: { journal } })
      served.adapter.onSession((session) => {
        const own = handled.get(session.id) ?? []
        handled.set(session.id, own)
        session.handle('number', async (value: number) => {
          // Over several turns, so that some are under way whenever the server goes.
          for (let i = 0; i < value % 5; i++) await new Promise((resolve) => setImmediate(resolve))
          own.push(value)
          return [number, value]
        })
      })
      return served
    }),
  )
  const address = await createSwitch(servers[0]?.port)
  const clients = Array.from({ length: 5 }, () => open(address.port))
  const replies: Array<Promise<unknown>> = []
  let value = 0
  const sendSome = async () => {
    for (let i = 0; i < 20; i++) {
      value++
      for (const client of clients) replies.push(later(client.request('number', value)))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await sendSome()
  await Promise.all(clients.map(({ opened }) => opened))
  for (const [at, next] of [
    [0, 1],
    [1, 2],
  ] as const) {
    address.target = servers[next]?.port
    const shutdown = servers[at]?.adapter.shutdown({ deadlineMs: 20_000 })
    await sendSome()
    const report = await within('the shutdown', shutdown as Promise<unknown>, 25_000)
    expect(report).toEqual({ sessions: clients.length, clean: 0, moved: clients.length, unclean: [] })
    await sendSome()
    await within('all replies', Promise.all(replies))
  }
  for (const client of clients) {
    expect([...(handled.get(client.id) ?? [])].sort((a, b) => a - b)).toEqual(
      Array.from({ length: value }, (_, i) => i + 1),
    )
    expect(await within('the close', client.close())).toMatchObject({ clean: true })
  }
  expect(servers.map(({ sessions }) => sessions.length)).toEqual([5, 5, 5])
})

test('a session is let go with everything written that was accepted, however slow the journal is', async () => {
  const shared = memoryJournal()
  const brittle = brittleJournal(shared)
  const first = await serve('ws', { adapter: { journal: brittle.journal } })
  const second = await serve('ws', { adapter: { journal: shared } })
  const address = await createSwitch(first.port)
  const client = open(address.port)
  const given: unknown[] = []
  client.handle('value', (value) => void given.push(value))
  await client.opened
  const session = (await until(() => first.sessions[0], { what: 'the session' })) as Session
  await session.stored()
  brittle.hold(true)
  const sent = [later(session.send('value', 1))]
  await until(() => brittle.held === 1, { what: 'a write' })
  // For the write after that one.
  sent.push(later(session.send('value', 2)))
  address.target = second.port
  const shutdown = first.adapter.shutdown()
  brittle.hold(false)
  expect(await within('the shutdown', shutdown)).toMatchObject({ moved: 1 })
  await until(() => given.length === 2, { what: 'both messages' })
  expect(given).toEqual([1, 2])
  // Either came to its end here or goes on there: of none it is said that it never left.
  for (const outcome of await Promise.allSettled(sent)) {
    if (outcome.status === 'rejected') expect(outcome.reason).not.toMatchObject({ fate: 'not-sent' })
  }
})

test('a session is let go when the handlers that are running have finished, and no other is begun', async () => {
  const journal = memoryJournal()
  const handled: string[] = []
  let finish: (() => void) | undefined
  const servers = await Promise.all(['first', 'second'].map(() => serve('ws', { adapter: { journal } })))
  for (const [at, { adapter }] of servers.entries()) {
    adapter.onSession((session) => {
      session.handle('slow', async (text: string) => {
        if (at === 0) await new Promise<void>((resolve) => (finish = resolve))
        handled.push(`${text} by ${at}`)
        return at
      })
    })
  }
  const address = await createSwitch(servers[0]?.port)
  const client = open(address.port)
  const before = client.request('slow', 'begun before')
  await until(() => finish, { what: 'the handler' })
  address.target = servers[1]?.port
  const claim = vi.spyOn(journal, 'claim')
  const shutdown = servers[0]?.adapter.shutdown({ deadlineMs: 20_000 })
  await until(() => claim.mock.results.length > 0, { what: 'the other server to ask for the session' })
  const after = client.request('slow', 'sent after')
  let over = false
  void shutdown?.then(() => {
    over = true
  })
  // No other server can welcome the client before this one has let go: it still sends here.
  await until(() => servers[0]?.sessions[0]?.stats().received.messages === 2, { what: 'the second message' })
  await servers[0]?.sessions[0]?.stored()
  expect(over).toBe(false)
  expect(handled).toEqual([])
  finish?.()
  expect(await within('the shutdown', shutdown as Promise<unknown>)).toMatchObject({ moved: 1, unclean: [] })
  expect(await within('the first reply', before)).toBe(0)
  expect(await within('the second reply', after)).toBe(1)
  expect(handled).toEqual(['begun before by 0', 'sent after by 1'])
})

test('a rolling restart closes every session after its last acknowledgement where nothing is shared', async () => {
  const servers = await Promise.all([serve('ws'), serve('ws')])
  const handled: unknown[] = []
  for (const { adapter } of servers) {
    adapter.onSession((session) => session.handle('number', (value) => void handled.push(value)))
  }
  const address = await createSwitch(servers[0]?.port)
  const client = open(address.port)
  const sent = Array.from({ length: 100 }, (_, i) => later(client.send('number', i)))
  await client.opened
  address.target = servers[1]?.port
  const report = await within('the shutdown', servers[0]?.adapter.shutdown() as Promise<unknown>)
  expect(report).toEqual({ sessions: 1, clean: 1, moved: 0, unclean: [] })
  expect(await within('the client', client.closed)).toMatchObject({ clean: true })
  const results = await Promise.allSettled(sent)
  const done = results.filter(({ status }) => status === 'fulfilled').length
  expect(handled).toHaveLength(done)
  const next = open(address.port)
  await within('a message to the next server', next.send('number', 'next'))
})

test('who has not the key, or is somebody else, does not take a session from whoever has it', async () => {
  const journal = memoryJournal()
  const authenticate = ({ auth }: { auth?: unknown }) => String(auth)
  const here = await serve('ws', { adapter: { journal, authenticate } })
  here.adapter.onSession((session) => session.handle('note', (value) => value))
  const there = await serve('ws', { adapter: { journal, authenticate } })
  const kept = memoryJournal()
  const client = await connectTo(here.url, { journal: kept, auth: 'ann' })
  atTheEnd(() => client.abort())
  expect(await client.request('note', 1)).toBe(1)

  const [record] = await kept.list()
  if (record === undefined) throw new Error('the client has no record')
  for (const [key, auth, code] of [
    ['another-key-than-the-clients', 'ann', 'key-mismatch'],
    [record.key, 'bob', 'identity-mismatch'],
  ] as const) {
    const thief = memoryJournal()
    const hands = await thief.create({ ...record, key })
    await hands.write({ number: 1, add: [], remove: [], state: welcomed })
    const session = await connectTo(there.url, { journal: thief, sessionId: record.sid, auth })
    expect(await within('the refusal', session.closed)).toMatchObject({ code, by: 'peer' })
  }
  expect(await client.request('note', 2)).toBe(2)
  expect(there.sessions).toEqual([])
  expect(here.sessions[0]?.state).toBe('open')
})

test('a client learns from the next server how its session has ended', async () => {
  const shared = memoryJournal()
  const before = brittleJournal(shared)
  const first = await serve('ws', { adapter: { journal: before.journal } })
  const address = await createSwitch(first.port)
  const client = open(address.port)
  await client.opened
  await until(() => first.sessions.length === 1, { what: 'the session' })
  address.target = undefined
  address.cut()
  await until(() => first.sessions[0]?.state === 'recovering', { what: 'the lost link' })
  first.sessions[0]?.abort('enough of it')
  await first.sessions[0]?.closed
  before.crash()
  const second = await serve('ws', { adapter: { journal: shared, handOverMs: 10 } })
  address.target = second.port
  expect(await within('the end', client.closed)).toMatchObject({
    code: 'aborted',
    reason: 'enough of it',
    by: 'peer',
  })
  // It is over: no application hears of it.
  expect(second.sessions).toEqual([])
})

test('a session that is over is handed over at once, whatever its handlers still do', async () => {
  const journal = memoryJournal()
  // Longer than the test may take, on both sides.
  const patient = { adapter: { journal, handOverMs: 60_000 } }
  const first = await serve('ws', patient)
  first.adapter.onSession((session) => session.handle('hang', () => new Promise(() => {})))
  const second = await serve('ws', patient)
  const address = await createSwitch(first.port)
  const client = open(address.port)
  void later(client.request('hang'))
  await until(() => first.sessions[0]?.stats().unhandled.messages === 1, { what: 'the handler that hangs' })
  address.target = undefined
  address.cut()
  first.sessions[0]?.abort('enough of it')
  await first.sessions[0]?.closed
  address.target = second.port
  expect(await within('the end', client.closed)).toMatchObject({ code: 'aborted', reason: 'enough of it' })
})

test('a session that was over with its only link, and that the journal has not forgotten, is one that nobody has', async () => {
  const shared = memoryJournal()
  const { sid, key } = hello()
  const left = await shared.create({ sid, role: 'server', key: keyDigest(key), identity: '' })
  await left.write({
    number: 1,
    add: [],
    remove: [],
    state: {
      v: 1,
      links: 1,
      welcomed: true,
      out: { acked: 0, handledTotal: 0 },
      in: { got: 0, handled: 0, handledTotal: 0 },
      ended: { code: 'aborted', reason: 'enough of it', by: 'peer' },
    },
  })
  await left.release()
  const served = await serve('ws', { adapter: { journal: shared } })
  const client = await byHand(served)
  client.say(hello({ link: 2, fresh: false }))
  expect(await client.isClosed()).toMatchObject({ reason: 'session-unknown' })
  expect(client.heard).toEqual([expect.objectContaining({ t: 'reset', code: 'session-unknown' })])
})

test('a client whose session nobody has any more is told so', async () => {
  const first = await serve('ws', { adapter: { journal: memoryJournal() } })
  const address = await createSwitch(first.port)
  const client = open(address.port)
  await client.opened
  const second = await serve('ws', { adapter: { journal: memoryJournal() } })
  address.target = second.port
  address.cut()
  expect(await within('the end', client.closed)).toMatchObject({ code: 'session-unknown', by: 'peer' })
})

test('a journal that fails ends no client’s session and refuses none: they try again, and go on when it works', async () => {
  const brittle = brittleJournal(memoryJournal())
  const { adapter, port } = await serve('ws', { adapter: { journal: brittle.journal } })
  const errors: unknown[] = []
  adapter.on('refused', ({ error }) => errors.push(error))
  adapter.onSession((session) => session.handle('note', () => {}))
  const client = open(port)
  await client.send('note')
  const failure = new Error('no more of this')
  brittle.fail(failure)
  const sent = client.send('note')
  const next = open(port)
  const refusals: unknown[] = []
  next.on('disconnected', (error) => refusals.push(error))
  await until(() => errors.length > 1 && refusals.length > 1, { what: 'two attempts' })
  expect(errors[0]).toBe(failure)
  expect(next.state).toBe('connecting')
  brittle.fail(undefined)
  await within('what was sent meanwhile', sent)
  await within('a message of the next', next.send('note'))
  expect(await within('the close', client.close())).toMatchObject({ clean: true })
})

test('what nobody comes back for is forgotten, and what is held is not', async () => {
  const journal = memoryJournal()
  const left = await journal.create({ sid: 'left-by-a-client', role: 'server', key: 'digest', identity: '' })
  await left.release()
  const { port, adapter } = await serve('ws', { adapter: { journal, ttlMs: 1 } })
  const client = open(port)
  await client.opened
  const here = async () => (await journal.list()).map(({ sid }) => sid)
  await until(async () => !(await here()).includes('left-by-a-client'), { what: 'the journal to be swept' })
  expect(await here()).toEqual([client.id])
  expect(client.state).toBe('open')
  await within('the shutdown', adapter.shutdown())
})

test('one journal is not for both sides', async () => {
  const journal = memoryJournal()
  const { url, adapter } = await serve('ws', { adapter: { journal } })
  const errors: unknown[] = []
  adapter.on('refused', ({ error }) => errors.push(error))
  const client = await connectTo(url, { journal })
  atTheEnd(() => client.abort())
  const error = await until(() => errors[0], { what: 'the refusal' })
  expect(error).toMatchObject({ code: 'journal-exists', remedy: 'Give clients and servers a journal each.' })
})

const welcomed = {
  v: 1,
  links: 40,
  welcomed: true,
  out: { acked: 0, handledTotal: 0 },
  in: { got: 0, handled: 0, handledTotal: 0 },
} as const

// A machine that stands still for longer than the grace makes a gap of its own: what is tried here is that none is needed.
test('a client moves to the other server before the one that shuts down lets its session go: there is no gap', {
  retry: 3,
}, async () => {
  const journal = memoryJournal()
  // The other server takes some turns between having a session and welcoming its client.
  const claim = journal.claim.bind(journal)
  vi.spyOn(journal, 'claim').mockImplementation(async (...args) => {
    const claimed = await claim(...args)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    return claimed
  })
  const servers = await Promise.all([0, 1].map(() => serve('ws', { adapter: { journal } })))
  const given: string[] = []
  let finish: (() => void) | undefined
  for (const [at, { adapter }] of servers.entries()) {
    adapter.onSession((session) => {
      session.handle('slow', async (_, { redelivered }) => {
        given.push(`slow to ${at}${redelivered ? ' again' : ''}`)
        await new Promise<void>((resolve) => (finish = resolve))
        return at
      })
      session.handle('quick', () => at)
    })
  }
  const [from, to] = servers
  const clients = [open(from?.port as number), open(from?.port as number)] as const
  const events: string[][] = clients.map(() => [])
  for (const event of ['open', 'recovering', 'recovered', 'away', 'closed'] as const) {
    for (const [at, client] of clients.entries()) client.on(event, () => events[at]?.push(event))
  }
  const [client, idle] = clients
  await idle.opened
  const slow = later(client.request('slow'))
  await until(() => finish, { what: 'the handler' })
  const location = `ws://localhost:${to?.port}/`
  const shutdown = from?.adapter.shutdown({ location, deadlineMs: 60_000 }) as Promise<unknown>
  // The other server asks for the session, which stays for its handler.
  await until(() => to?.wss.clients.size === 2, { what: 'both links there' })
  finish?.()
  expect(await within('the reply', slow)).toBe(0)
  expect(await within('the shutdown', shutdown)).toEqual({ sessions: 2, clean: 0, moved: 2, unclean: [] })
  expect(given).toEqual(['slow to 0'])
  for (const one of clients) {
    expect(await within('another reply', one.request('quick'))).toBe(1)
    expect(await within('the close', one.close())).toMatchObject({ clean: true })
  }
  const moved = ['open', 'away', 'closed']
  expect(events).toEqual([moved, moved])
})

test('a session whose client stays is served for its grace, then handed over; one without a link at once', async () => {
  const journal = memoryJournal()
  const { adapter, port, sessions, wss } = await serve('ws', { adapter: { journal } })
  adapter.onSession((session) => session.handle('n', (n: number) => n))
  const gone = open(port, { reconnect: { nextDelayMs: () => 60_000 } })
  await gone.opened
  for (const socket of wss.clients) socket.terminate()
  await until(() => sessions[0]?.state === 'recovering', { what: 'the loss of the link' })
  // It is asked away to where nobody answers, and tries nothing else.
  const stays = open(port, { reconnect: { nextDelayMs: () => null } })
  await stays.opened
  const location = `ws://localhost:${await closedPort()}/`
  const shutdown = adapter.shutdown({ location, deadlineMs: 3_000 })
  await within('the session without a link', (sessions[0] as Session).closed)
  expect(sessions[1]?.state).toBe('open')
  expect(await within('a reply', stays.request('n', 7))).toBe(7)
  expect(await within('the shutdown', shutdown)).toEqual({ sessions: 2, clean: 0, moved: 2, unclean: [] })
  expect(await journal.list()).toHaveLength(2)
})
