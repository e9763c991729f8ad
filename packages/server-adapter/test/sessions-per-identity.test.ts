import { once } from 'node:events'
import { createServer, type IncomingMessage as HttpRequest } from 'node:http'
import type { CloseReport } from '@lastword/sdk'
import { listen } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { collectGarbage } from '../../protocol/test/collect-garbage.ts'
import { clientAddress } from '../src/client-address.ts'
import { createAdapter } from '../src/index.ts'
import { memoryJournal } from '../src/journal-memory.ts'
import { SessionShares } from '../src/session-shares.ts'
import { byHand, hello, serveWithNeighbour, sid } from './by-hand.ts'
import { atTheEnd, serve, until, within } from './harness.ts'

const full = { code: 'identity-full', by: 'peer' }

test('one session more than sessionsPerIdentityMax is refused as identity-full, also while others are let in', async () => {
  const served = await serve('ws', {
    adapter: { sessionsPerIdentityMax: 2, authenticate: ({ auth }) => auth as string },
  })
  served.adapter.onSession((session) => session.handle('n', (n: number) => n + 1))
  const first = served.connect({ auth: 'anna' })
  await within('the first', first.opened)
  await within('the second', served.connect({ auth: 'anna' }).opened)
  const third = served.connect({ auth: 'anna' })
  expect(await within('the refusal', third.closed)).toMatchObject(full)
  await within('somebody else', served.connect({ auth: 'berta' }).opened)
  // What was there before has noticed nothing, and what ends makes room.
  expect(await within('an answer', first.request('n', 1))).toBe(2)
  expect(await within('its close', first.close())).toMatchObject({ clean: true })
  await until(() => served.adapter.sessionCount === 2, { what: 'room' })
  await within('the fourth', served.connect({ auth: 'anna' }).opened)
})

test('a session resumes although its identity has as many as it may', async () => {
  const served = await serve('ws', { adapter: { sessionsPerIdentityMax: 1, authenticate: () => 'anna' } })
  const first = await byHand(served)
  first.say(hello())
  await first.hears('welcome')
  const second = await byHand(served)
  second.say(hello({ link: 2, fresh: false }))
  expect(await second.hears('welcome')).toMatchObject({ resumed: true })
})

test('a flood of sessions from one address without identity is refused by name, and leaves the others alone', async () => {
  const addresses = ['10.0.0.1']
  const served = await serveWithNeighbour('ws', {
    sessionsPerIdentityMax: 3,
    addressOf: () => addresses[0] ?? '10.6.6.6',
  })
  // From here on everybody who comes is another one than the neighbour.
  addresses.pop()
  for (let n = 0; n < 23; n++) {
    const client = await byHand(served)
    client.say(hello({ sid: `${sid}-${n}` }))
    if (n < 3) await client.hears('welcome')
    else {
      expect(await client.hears('reset')).toMatchObject({ code: 'identity-full' })
      expect(await client.isClosed()).toEqual({ code: 4410, reason: 'identity-full' })
    }
  }
  expect(served.adapter.sessionCount).toBe(4)
  expect(served.refused.map(({ code }) => code)).toEqual(Array(20).fill('identity-full'))
  await served.neighbourGoesOn()
})

test('whoever opens and ends many drives out none of what is kept for others', async () => {
  const served = await serve('ws', {
    adapter: { sessionsPerIdentityMax: 2, authenticate: ({ auth }) => auth as string },
  })
  async function openAndEnd(id: string, auth: string) {
    const client = await byHand(served)
    // As if a link had been lost before: such a session is kept for those that still ask.
    client.say(hello({ sid: id, link: 2, auth }))
    await client.hears('welcome')
    client.say({ t: 'reset', code: 'aborted' })
    await client.isClosed()
  }
  await openAndEnd('the-session-of-anna', 'anna')
  for (let n = 0; n < 9; n++) await openAndEnd(`a-session-of-berta-${n}`, 'berta')
  expect(served.adapter.sessionCount).toBe(3)
  const anna = await byHand(served)
  anna.say(hello({ sid: 'the-session-of-anna', link: 3, fresh: false, auth: 'anna' }))
  expect(await anna.hears('reset')).toMatchObject({ code: 'aborted' })
  const berta = await byHand(served)
  berta.say(hello({ sid: 'a-session-of-berta-0', link: 3, fresh: false, auth: 'berta' }))
  expect(await berta.hears('reset')).toMatchObject({ code: 'session-unknown' })
})

test('nothing is kept of sessions for which there is no room, in memory or in the journal', async () => {
  const journal = memoryJournal()
  const adapter = createAdapter({ journal, sessionsMax: 2 })
  const ends: Array<WeakRef<Promise<CloseReport>>> = []
  // The engine of a session has its end; what is left of one keeps it.
  adapter.onSession((session) => void ends.push(new WeakRef(session.closed)))
  // Not by `serve`, which keeps the sessions that it has seen.
  const server = createServer()
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  const port = await listen(server)
  atTheEnd(() => server.close())
  for (let n = 0; n < 5; n++) {
    const socket = new WebSocket(`ws://localhost:${port}/`, ['lastword.1'])
    atTheEnd(() => socket.terminate())
    await within('the connection', once(socket, 'open'))
    socket.send(
      JSON.stringify([hello({ sid: `session-${n}-of-many`, link: 2 }), { t: 'reset', code: 'aborted' }]),
    )
    await within('the end', once(socket, 'close'))
  }
  expect(adapter.sessionCount).toBe(2)
  await until(async () => (await journal.list()).length === 2, { what: 'the journal to forget the others' })
  expect(ends).toHaveLength(5)
  await until(
    async () => {
      await collectGarbage()
      return ends.filter((end) => end.deref() !== undefined).length === 2
    },
    { what: 'the others to be let go of' },
  )
})

test.each([
  [
    'throws',
    () => {
      throw new Error('a bug')
    },
    { message: 'a bug' },
  ],
  ['returns something else', () => undefined as never, { code: 'argument-invalid' }],
])(
  'an addressOf that %s refuses the link as internal, and the server hears why',
  async (_, addressOf, error) => {
    const served = await serve('ws', { adapter: { addressOf } })
    const refused: unknown[] = []
    served.adapter.on('refused', (link) => refused.push(link))
    expect(await within('the end', served.connect().closed)).toMatchObject({ code: 'internal', by: 'peer' })
    expect(refused).toMatchObject([{ code: 'internal', error }])
    expect(served.adapter.sessionCount).toBe(0)
  },
)

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
  [undefined, ''],
])('the address %s counts as %s', (remoteAddress, counted) => {
  expect(clientAddress({ socket: { remoteAddress } } as HttpRequest)).toBe(counted)
})

test('nothing is held of those who have no session any more', () => {
  const shares = new SessionShares<number>(2)
  for (let n = 0; n < 1000; n++) {
    const holder = `holder ${n % 10}`
    shares.begin(holder)
    const forgotten = shares.end(holder, n)
    if (forgotten !== undefined) shares.forget(holder, forgotten)
  }
  expect(shares.holderCount).toBe(10)
  for (let n = 0; n < 1000; n++) shares.forget(`holder ${n % 10}`, n)
  expect(shares.holderCount).toBe(0)
})
