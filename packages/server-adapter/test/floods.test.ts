import { limits } from '@lastword/protocol'
import { expect, test, vi } from 'vitest'
import { type AdapterOptions, createAdapter, type RefusedLink, type Session } from '../src/index.ts'
import { memoryJournal } from '../src/journal-memory.ts'
import { hello, sid } from './by-hand.ts'
import { atTheEnd, until } from './harness.ts'
import { arriveAt, type MemorySocket, settled } from './memory-socket.ts'

/** Envelopes that one client sends, on one link or on as many links. */
const many = 10_000

/** An adapter with a session of somebody else's, and what there is to count. */
async function adapterWithNeighbour(options: AdapterOptions = {}) {
  const counted = { authenticated: 0, opened: 0, handled: 0 }
  const adapter = createAdapter({
    authenticate: ({ auth }) => {
      counted.authenticated++
      return typeof auth === 'string' ? auth : 'everybody else'
    },
    ...options,
  })
  const refused: RefusedLink['code'][] = []
  adapter.on('refused', ({ code }) => refused.push(code))
  const sessions: Session[] = []
  adapter.onSession((session) => {
    counted.opened++
    sessions.push(session)
    atTheEnd(() => session.abort())
    session.handle('ask', (n: number) => n * 2)
    session.handle('hang', () => {
      counted.handled++
      return new Promise(() => {})
    })
  })
  const neighbour = arriveAt(adapter)
  neighbour.say(hello({ sid: 'a-neighbour-of-all', auth: 'the neighbour' }))
  await settled()
  let asked = 0
  return {
    adapter,
    counted,
    refused,
    sessions,
    async neighbourGoesOn() {
      asked++
      neighbour.say({ t: 'msg', seq: asked, id: `ask-${asked}`, ch: 'ask', ask: true, d: asked })
      await settled()
      expect(neighbour.heard.at(-1)).toMatchObject({ t: 'msg', re: `ask-${asked}`, d: asked * 2 })
      expect(neighbour.closed).toBeUndefined()
    },
  }
}

test('hello said ten thousand times on one link: the second is envelopeUnexpected, and nobody reads on', async () => {
  const { adapter, counted, neighbourGoesOn } = await adapterWithNeighbour()
  const client = arriveAt(adapter)
  const each = 2000
  for (let sent = 0; sent < many; sent += each) {
    client.say(...Array.from({ length: each }, (_, n) => hello({ link: 1 + sent + n })))
    if (sent === 0) await settled()
  }
  await settled()
  expect(client.closed).toMatchObject({ code: 4402 })
  // The neighbour's, and this one's.
  expect(counted).toMatchObject({ authenticated: 2, opened: 2 })
  expect(adapter.sessionCount).toBe(2)
  await neighbourGoesOn()
})

test('hello said on ten thousand links of one session: each takes over, one link is left and one session', async () => {
  const { adapter, counted, neighbourGoesOn } = await adapterWithNeighbour()
  const links: MemorySocket[] = []
  for (let link = 1; link <= many; link++) {
    const socket = arriveAt(adapter)
    socket.say(hello({ link }))
    links.push(socket)
    if (link % 500 === 0) await settled()
  }
  await settled()
  expect(links.filter(({ closed }) => closed === undefined)).toEqual([links.at(-1)])
  expect(new Set(links.slice(0, -1).map(({ closed }) => closed?.code))).toEqual(new Set([4409]))
  expect(counted.opened).toBe(2)
  expect(adapter.sessionCount).toBe(2)
  await neighbourGoesOn()
})

test('hello said on ten thousand links with a key that is wrong each time: all are refused, and nothing is kept', async () => {
  const { adapter, refused, neighbourGoesOn, counted } = await adapterWithNeighbour()
  const victim = arriveAt(adapter)
  victim.say(hello())
  await settled()
  const before = { ...counted }
  let told = 0
  for (let n = 1; n <= many; n++) {
    const thief = arriveAt(adapter)
    thief.say(hello({ link: 1 + n, key: `a-key-that-is-guessed-${n}`, fresh: n % 2 === 0 }))
    if (n % 500 !== 0) continue
    await settled()
    expect(thief.heard).toMatchObject([{ t: 'reset', code: 'key-mismatch' }])
    expect(thief.closed).toEqual({ code: 4410, reason: 'key-mismatch' })
    told++
  }
  expect(told).toBe(many / 500)
  expect(refused).toEqual(Array(many).fill('key-mismatch'))
  // A wrong key does not even get as far as `authenticate`.
  expect(counted).toEqual(before)
  expect(adapter.sessionCount).toBe(2)
  victim.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 4 })
  await settled()
  expect(victim.heard.at(-1)).toMatchObject({ t: 'msg', re: 'm1', d: 8 })
  await neighbourGoesOn()
})

test('ten thousand sessions of one identity: those past its share are identity-full, and cost no session', async () => {
  const { adapter, counted, refused, neighbourGoesOn } = await adapterWithNeighbour({
    sessionsPerIdentityMax: 20,
  })
  for (let n = 0; n < many; n++) {
    const client = arriveAt(adapter)
    client.say(hello({ sid: `${sid}-${n}` }))
    if (n % 500 === 0) await settled()
  }
  await settled()
  expect(adapter.sessionCount).toBe(21)
  expect(counted.opened).toBe(21)
  expect(refused).toEqual(Array(many - 20).fill('identity-full'))
  await neighbourGoesOn()
})

test('ten thousand sessions of ten thousand identities: those past sessionsMax are sessions-full', async () => {
  const { adapter, counted, refused, neighbourGoesOn } = await adapterWithNeighbour({ sessionsMax: 50 })
  for (let n = 0; n < many; n++) {
    const client = arriveAt(adapter)
    client.say(hello({ sid: `${sid}-${n}`, auth: `person ${n}` }))
    if (n % 500 === 0) await settled()
  }
  await settled()
  expect(counted.opened).toBe(50)
  expect(refused).toEqual(Array(many - 49).fill('sessions-full'))
  await neighbourGoesOn()
})

test('a flood of sessions at one moment, each of which a journal makes, gets no more room than one after the other', async () => {
  for (const [bound, code] of [
    [{ sessionsPerIdentityMax: 3 }, 'identity-full'],
    [{ sessionsMax: 4 }, 'sessions-full'],
  ] as const) {
    const journal = memoryJournal()
    const { adapter, counted, refused, neighbourGoesOn } = await adapterWithNeighbour({ journal, ...bound })
    const create = vi.spyOn(journal, 'create')
    // Everybody asks before the journal has answered anybody.
    const clients = Array.from({ length: 200 }, (_, n) => {
      const client = arriveAt(adapter)
      client.say(hello({ sid: `${sid}-${n}` }))
      return client
    })
    await until(() => clients.every(({ heard }) => heard.length > 0), { what: 'an answer to each' })
    const welcomed = clients.filter(({ heard }) => heard[0]?.t === 'welcome')
    expect(welcomed).toHaveLength(3)
    expect(create).toHaveBeenCalledTimes(3)
    expect(counted.opened).toBe(4)
    expect(refused).toEqual(Array(197).fill(code))
    await neighbourGoesOn()
    await adapter.shutdown({ deadlineMs: 0 })
  }
})

test('a flood of messages: past the window the session ends with window-exceeded, and no further one is kept', async () => {
  const { adapter, counted, sessions, neighbourGoesOn } = await adapterWithNeighbour()
  const client = arriveAt(adapter)
  client.say(hello())
  await settled()
  for (let seq = 1; seq <= many; seq++) client.say({ t: 'msg', seq, id: `m${seq}`, ch: 'hang', d: seq })
  await settled()
  expect(client.heard.at(-1)).toMatchObject({ t: 'reset', code: 'window-exceeded' })
  expect(client.closed).toEqual({ code: 4410, reason: 'window-exceeded' })
  expect(counted.handled).toBe(1024)
  expect(await sessions[1]?.closed).toMatchObject({ code: 'window-exceeded', by: 'local' })
  await neighbourGoesOn()
})

test('a flood of pings is answered once for each turn, and one of notes and cancels leaves nothing behind', async () => {
  const { adapter, neighbourGoesOn } = await adapterWithNeighbour()
  const client = arriveAt(adapter)
  client.say(hello())
  await settled()
  const before = client.heard.length
  for (let k = 0; k < many; k += 2000) {
    client.say(...Array.from({ length: 2000 }, (_, n) => ({ t: 'ping', k: k + n })))
  }
  client.say(...Array.from({ length: 2000 }, (_, n) => ({ t: 'cancel', re: `request-${n}` })))
  client.say(...Array.from({ length: 2000 }, () => ({ t: 'note', ch: 'nobody-listens', d: [] })))
  await settled()
  expect(client.heard.slice(before)).toEqual([{ t: 'pong', k: many - 1 }])
  expect(client.closed).toBeUndefined()
  await neighbourGoesOn()
})

test('acknowledgements of all the numbers that there are cost no more than one of a single message', async () => {
  const { adapter, sessions, neighbourGoesOn } = await adapterWithNeighbour()
  for (const [link, ack] of [
    { n: limits.seqMax },
    { n: 0, also: [[2, limits.seqMax]] },
    { n: 0, also: Array.from({ length: 64 }, (_, n) => [2 + 2 * n, 2 + 2 * n]) },
  ].entries()) {
    const client = arriveAt(adapter)
    client.say(hello({ sid: `${sid}-${link}` }))
    await settled()
    client.say({ t: 'ack', ...ack })
    await settled()
    // The loop over the range has not been begun: it would still be running.
    expect(client.closed).toMatchObject({ code: 4407 })
  }
  expect(sessions).toHaveLength(4)
  await neighbourGoesOn()
})

test('numbers near 2^53 are faults with a name wherever they stand, and nothing is made for them', async () => {
  const { adapter, sessions, neighbourGoesOn } = await adapterWithNeighbour()
  const top = limits.seqMax
  const cases: Array<[first: object, then: object | undefined, code: number | undefined]> = [
    [hello(), { t: 'msg', seq: top, id: 'm' }, 4405],
    [hello(), { t: 'fin', seq: top }, 4405],
    [hello(), { t: 'msg', seq: top + 1, id: 'm' }, 4400],
    [hello(), { t: 'ack', n: top + 1 }, 4400],
    [hello({ got: top }), undefined, 4407],
    [hello(), { t: 'ping', k: top }, undefined],
    [hello({ link: top }), undefined, undefined],
  ]
  for (const [n, [first, then, code]] of cases.entries()) {
    const client = arriveAt(adapter)
    client.say({ ...first, sid: `${sid}-${n}` })
    await settled()
    if (then !== undefined) client.say(then)
    await settled()
    expect(client.closed?.code).toBe(code)
  }
  expect(sessions).toHaveLength(1 + cases.length)
  // Nothing is above the highest number, so that nobody takes over a session that began with it.
  const late = arriveAt(adapter)
  late.say(hello({ sid: `${sid}-${cases.length - 1}`, link: top }))
  await settled()
  expect(late.closed).toMatchObject({ code: 4409 })
  await neighbourGoesOn()
})

test('a hello that is replayed, with what came with it, takes nothing over and is not handled again', async () => {
  const { adapter, counted, neighbourGoesOn } = await adapterWithNeighbour()
  const first = JSON.stringify([hello(), { t: 'msg', seq: 1, id: 'm1', ch: 'hang', d: 1 }])
  const client = arriveAt(adapter)
  client.arrive(first)
  await settled()
  for (let n = 0; n < 3; n++) {
    const replay = arriveAt(adapter)
    replay.arrive(first)
    await settled()
    expect(replay.closed).toMatchObject({ code: 4409 })
    expect(replay.heard).toEqual([])
  }
  expect(counted).toMatchObject({ opened: 2, handled: 1 })
  client.say({ t: 'msg', seq: 2, id: 'm2', ch: 'ask', ask: true, d: 4 })
  await settled()
  expect(client.heard.at(-1)).toMatchObject({ t: 'msg', re: 'm2', d: 8 })
  await neighbourGoesOn()
})

test('names that every object has are names like any other: in messages, ids, payloads and meta', async () => {
  const anything = {
    '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
  }
  const { adapter, neighbourGoesOn } = await adapterWithNeighbour({
    contract: { ask: { payload: anything, reply: anything }, hang: {} },
    authenticate: ({ auth }) => (typeof auth === 'string' ? auth : '__proto__'),
  })
  const client = arriveAt(adapter)
  client.say(hello({ agent: '__proto__' }))
  await settled()
  let seq = 0
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']) {
    client.say({ t: 'msg', seq: ++seq, id: `${name}-${seq}`, ch: name, ask: true, d: 1 })
    await settled()
    expect(client.heard.at(-1)).toMatchObject({ re: `${name}-${seq}`, err: { code: 'no-handler' } })
    client.say(
      { t: 'cancel', re: name },
      { t: 'note', ch: name, d: 1 },
      { t: 'msg', seq: ++seq, id: `reply-${seq}`, re: name, d: 1 },
    )
  }
  const d = { constructor: { prototype: { polluted: true } }, prototype: { polluted: true } }
  client.say({ t: 'msg', seq: ++seq, id: '__proto__', ch: 'ask', ask: true, d, meta: { constructor: 'x' } })
  await settled()
  expect(client.heard.at(-1)).toMatchObject({ re: '__proto__' })
  expect(client.closed).toBeUndefined()
  expect('polluted' in {}).toBe(false)
  await neighbourGoesOn()
})
