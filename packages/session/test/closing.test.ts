import type { LastwordError } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { collectGarbage } from '../../protocol/test/collect-garbage.ts'
import type { CloseOptions, Session } from '../src/index.ts'
import { deferred, later, outcomeOf, pair, unlinked } from './pair.ts'

const clean = { clean: true, code: 'finished', by: 'both' }

test('a server that closes in the handler still answers, and both reports are clean', async () => {
  const { client, server, platform } = await pair()
  let serverReport: unknown
  server.session.handle('offer', async () => {
    void server.session.close({ code: 4000, reason: 'done' }).then((report) => {
      serverReport = report
    })
    return 'answer'
  })
  let told: unknown
  client.session.on('closing', (event) => {
    told = event
  })
  const answer = client.session.request('offer')
  await platform.settle()
  expect(await answer).toBe('answer')
  expect(await client.session.closed).toMatchObject(clean)
  expect(serverReport).toMatchObject({ ...clean, incoming: { handledTotal: 1, unhandled: [] } })
  expect(told).toEqual({ code: 4000, reason: 'done' })
  expect([client.released, server.released]).toEqual([true, true])
})

test('a client that closes at once still gets its answer, because close waits', async () => {
  const { client, server, platform } = await pair()
  const work = deferred<string>()
  server.session.handle('offer', () => work.promise)
  const answer = client.session.request('offer')
  const closing = client.session.close()
  await platform.settle()
  expect(await outcomeOf(closing)).toBe('pending')
  expect(client.session.state).toBe('closing')
  work.resolve('answer')
  await platform.settle()
  expect(await answer).toBe('answer')
  expect(await closing).toMatchObject(clean)
})

test('both sides close in the same moment', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('a', () => {})
  client.session.handle('b', () => {})
  const sent = [client.session.send('a'), server.session.send('b')]
  const reports = Promise.all([client.session.close(), server.session.close()])
  await platform.settle()
  await Promise.all(sent)
  for (const report of await reports) expect(report).toMatchObject(clean)
  expect([client.released, server.released]).toEqual([true, true])
})

test('with halfOpen a side goes on after the other has closed, and its late answers arrive', async () => {
  const { client, server, platform } = await pair({ server: { halfOpen: true } })
  const got: unknown[] = []
  client.session.handle('late', (n) => {
    got.push(n)
  })
  const work = deferred<string>()
  server.session.handle('offer', () => work.promise)
  const answer = client.session.request('offer')
  const closing = client.session.close()
  await platform.settle()
  for (const n of [1, 2, 3]) {
    void server.session.send('late', n)
    await platform.settle()
  }
  expect(got).toEqual([1, 2, 3])
  work.resolve('finally')
  await platform.settle()
  expect(await answer).toBe('finally')
  expect(await outcomeOf(closing)).toBe('pending')
  expect(server.session.state).toBe('closing')
  const closed = server.session.close()
  await platform.settle()
  expect(await closing).toMatchObject(clean)
  expect(await closed).toMatchObject(clean)
})

test('a request made after the peer has closed is rejected at once', async () => {
  const { client, server, platform } = await pair({ server: { halfOpen: true } })
  void client.session.close()
  await platform.settle()
  const asked = later(server.session.request('anything'))
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'session-closed' } })
})

test('a request that the peer has not seen when it closes is rejected, and its fate is in the report', async () => {
  const { client, server, platform } = await pair()
  client.session.handle('q', () => 'too late')
  const closing = client.session.close()
  const asked = later(server.session.request('q'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'session-closed' } })
  expect(await closing).toMatchObject({ ...clean, incoming: { handledTotal: 1 } })
})

test('what is sent after close() is rejected as not sent', async () => {
  const { client, platform } = await pair()
  const closing = client.session.close()
  for (const promise of [later(client.session.send('n')), later(client.session.request('n'))]) {
    expect(await outcomeOf(promise)).toMatchObject({ error: { code: 'delivery-failed', fate: 'not-sent' } })
  }
  expect(client.session.note('n')).toBe(false)
  await platform.settle()
  expect(await closing).toMatchObject(clean)
  expect(await outcomeOf(later(client.session.send('n')))).toMatchObject({ error: { fate: 'not-sent' } })
})

test('a peer that closes behind a message of an unknown name is not kept waiting by a side that handles others', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('known', () => {})
  const sent = later(client.session.send('typo'))
  const closing = client.session.close()
  await platform.settle()
  expect(client.session.state).toBe('closed')
  expect(await closing).toMatchObject({ clean: false, code: 'unhandled', by: 'peer' })
  expect(await outcomeOf(sent)).toMatchObject({ error: { fate: 'received' } })
  expect(platform.now()).toBe(0)
})

test('a side that has attached no handler yet is waited for, also when the peer has closed', async () => {
  const { client, server, platform } = await pair()
  const sent = later(client.session.send('late'))
  const closing = client.session.close()
  await platform.settle()
  expect(client.session.state).toBe('closing')
  server.session.handle('late', () => {})
  await platform.settle()
  expect(await closing).toMatchObject({ clean: true })
  expect(await outcomeOf(sent)).not.toHaveProperty('error')
})

test('closing with messages that nothing handles ends quickly, with reset unhandled and true reports', async () => {
  const { client, server, platform } = await pair()
  const sent = [1, 2].map((n) => later(client.session.send('n', n, { id: `n${n}` })))
  const asked = later(client.session.request('q'))
  await platform.settle()
  const closing = server.session.close()
  await platform.settle()
  const report = await closing
  expect(report).toMatchObject({
    clean: false,
    code: 'unhandled',
    by: 'local',
    incoming: { unhandled: ['n1', 'n2'] },
  })
  expect(await client.session.closed).toMatchObject({
    clean: false,
    code: 'unhandled',
    by: 'peer',
    // The acknowledgement of the refused request behind them says that they had come.
    received: ['n1', 'n2'],
    unknown: [],
  })
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'no-handler' } })
  for (const promise of sent) expect(await outcomeOf(promise)).toMatchObject({ error: { fate: 'received' } })
  expect(platform.now()).toBe(0)
})

test('a request that comes when its session is closing and nothing listens is refused, not kept', async () => {
  const { client, server, platform } = await pair()
  void client.session.send('n').catch(() => {})
  await platform.settle()
  const loop = server.session[Symbol.asyncIterator]()
  const first = loop.next()
  const asked = later(client.session.request('q'))
  await platform.settle()
  await first
  const closing = server.session.close()
  await platform.settle()
  // The loop is left with the request still in it.
  await loop.return?.()
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'no-handler' } })
  expect(await closing).toMatchObject(clean)
})

test('closing survives a lost link at every step', async () => {
  // The link is lost after each number of frames, on either side, until it lasts.
  for (let frames = 0; ; frames++) {
    const { client, server, platform, ...made } = await pair()
    server.session.handle('offer', () => 'answer')
    const links = (made as unknown as { links: typeof made.links }).links
    let seen = 0
    for (const link of links) {
      const { send } = link
      link.send = (frame) => {
        if (seen++ < frames) return Reflect.apply(send, link, [frame])
        if (seen === frames + 1) link.abort()
      }
    }
    const answer = later(client.session.request('offer'))
    const closing = client.session.close()
    await platform.settle()
    const lost = seen > frames
    if (lost) await made.link()
    expect(await outcomeOf(answer)).toEqual({ value: 'answer' })
    expect(await outcomeOf(closing)).toMatchObject({ value: clean })
    expect(await outcomeOf(server.session.closed)).toMatchObject({ value: clean })
    if (!lost) {
      expect(frames).toBeGreaterThan(1)
      return
    }
  }
})

test('the time to close begins with the call, however long the handler took that calls', async () => {
  const { client, server, platform } = await pair()
  const work = deferred()
  client.session.handle('more', () => work.promise)
  let closing = Promise.resolve<unknown>(undefined)
  server.session.handle('work', () => {
    platform.block(6_000)
    void later(server.session.send('more'))
    closing = server.session.close({ timeoutMs: 5_000 })
  })
  void later(client.session.send('work'))
  await platform.settle()
  await platform.advance(4_999)
  expect(await outcomeOf(closing)).toBe('pending')
  work.resolve()
  await platform.settle()
  expect(await closing).toMatchObject(clean)
})

test('a close that takes too long ends with close-timeout, and says what was received', async () => {
  const { client, server, platform, ...made } = await pair()
  server.session.handle('work', () => new Promise(() => {}))
  const sent = later(client.session.send('work', 1, { id: 'stuck' }))
  await platform.settle()
  await made.lose()
  await made.link()
  const closing = client.session.close({ timeoutMs: 500 })
  await platform.advance(499)
  expect(await outcomeOf(closing)).toBe('pending')
  await platform.advance(1)
  expect(await closing).toMatchObject({
    clean: false,
    code: 'close-timeout',
    by: 'local',
    received: ['stuck'],
  })
  expect(await outcomeOf(sent)).toMatchObject({ error: { fate: 'received' } })
  expect(await server.session.closed).toMatchObject({
    clean: false,
    code: 'close-timeout',
    by: 'peer',
    incoming: { unhandled: ['stuck'] },
  })
})

test('closing again waits for the same end', async () => {
  const { client, platform } = await pair()
  const [first, second] = [client.session.close(), client.session.close({ reason: 'again' })]
  await platform.settle()
  expect(await first).toBe(await second)
  expect(await client.session.close()).toBe(await first)
})

test('the signal of close() ends the session at once', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('work', () => new Promise(() => {}))
  const sent = later(client.session.send('work'))
  await platform.settle()
  const controller = new AbortController()
  const closing = client.session.close({ signal: controller.signal })
  await platform.settle()
  controller.abort()
  await platform.settle()
  expect(await closing).toMatchObject({ clean: false, code: 'aborted', by: 'local' })
  expect(await outcomeOf(sent)).toMatchObject({ error: { fate: 'received' } })
  const again = await pair()
  const aborted = again.client.session.close({ signal: AbortSignal.abort() })
  await again.platform.settle()
  expect(await aborted).toMatchObject({ clean: false, code: 'aborted' })
})

test('abort() in a handler ends the session for both, and neither side is left waiting', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('bye', () => {
    server.session.abort('enough')
    return 'never arrives'
  })
  const asked = later(client.session.request('bye'))
  const sent = later(client.session.send('bye'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'delivery-failed' } })
  expect(await outcomeOf(sent)).toMatchObject({ error: { code: 'delivery-failed' } })
  expect(await client.session.closed).toMatchObject({ code: 'aborted', by: 'peer', reason: 'enough' })
  expect(await server.session.closed).toMatchObject({ code: 'aborted', by: 'local', reason: 'enough' })
})

test('await using closes at the end of the block, and waits for it', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.handle('n', async (n) => {
    got.push(n)
  })
  const block = (async () => {
    await using session = client.session
    void session.send('n', 1)
  })()
  await platform.settle()
  await block
  expect(got).toEqual([1])
  expect(client.session.state).toBe('closed')
})

test('a session that was closed before it had a link ends clean, and opened rejects', async () => {
  const { client, platform } = unlinked()
  const opened = later(client.session.opened)
  const closing = client.session.close()
  await platform.settle()
  expect(await closing).toMatchObject(clean)
  expect(await outcomeOf(opened)).toMatchObject({ error: { code: 'session-closed' } })
  expect(client.released).toBe(true)
})

test('listeners and handlers may send, close and abort while they are being called', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.on('unhandled', () => {
    void server.session.send('from-unhandled').catch(() => {})
  })
  server.session.handle('n', (n) => {
    void server.session.send('echo', n).catch(() => {})
    void server.session.close()
  })
  for (const name of ['echo', 'from-unhandled']) {
    client.session.handle(name, () => {
      got.push(name)
    })
  }
  client.session.on('closing', () => {
    void client.session.send('n', 'from-closing').catch(() => {})
    void client.session.close()
  })
  client.session.on('closed', () => client.session.abort())
  void client.session.send('n', 1)
  await platform.settle()
  expect(got).toEqual(['echo'])
  expect(await client.session.closed).toMatchObject(clean)
  expect(await server.session.closed).toMatchObject(clean)
})

test('a listener that throws keeps neither the others from being called nor the session from going on', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.handle('n', (n) => {
    got.push(n)
  })
  for (const event of ['closing', 'closed', 'recovering', 'recovered'] as const) {
    server.session.on(event, () => {
      throw new Error(`a bug in ${event}`)
    })
    server.session.on(event, () => {
      got.push(event)
    })
  }
  void client.session.send('n', 1)
  void client.session.close()
  await platform.settle()
  expect(await server.session.closed).toMatchObject(clean)
  expect(got).toEqual([1, 'closing', 'closed'])
  expect(platform.reported).toHaveLength(2)
})

test('a listener whose promise rejects is reported', async () => {
  const { client, server, platform } = await pair()
  server.session.on('closing', () => Promise.reject(new Error('a bug')))
  void client.session.close()
  await platform.settle()
  expect(platform.reported).toMatchObject([{ message: 'a bug' }])
})

test('events come in order, and none after closed', async () => {
  const { client, server, platform, ...made } = await pair()
  server.session.handle('n', () => {})
  await made.lose()
  expect(client.session.state).toBe('recovering')
  await made.link()
  void client.session.send('n')
  void client.session.close()
  await platform.settle()
  const log = ['open', 'recovering', 'recovered', 'closing', 'closed']
  expect(client.log).toEqual(log)
  expect(server.log).toEqual(log)
})

test('a session without a link for ttl ends as expired on the server', async () => {
  const { client, server, platform, ...made } = await pair()
  const sent = later(server.session.send('n', 1, { id: 'lost' }))
  await made.lose()
  await platform.advance(60_000)
  expect(await outcomeOf(server.session.closed)).toMatchObject({ value: { clean: false, code: 'expired' } })
  expect(await outcomeOf(sent)).toMatchObject({ error: { code: 'delivery-failed' } })
  expect(client.released).toBe(false)
  // Long enough for a client to ask how it ended, and no longer.
  await platform.advance(60_000)
  expect(server.released).toBe(true)
})

test('a session that is over leaves no timer', async () => {
  const { client, platform } = await pair()
  const closing = client.session.close()
  await platform.settle()
  await closing
  await platform.settle()
  expect(platform.timerCount).toBe(0)
})

test('nothing is kept of messages that were handled', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('n', (n) => n)
  const reference: Array<WeakRef<object>> = []
  server.session.handle('seen', (_, message) => {
    reference.push(new WeakRef(message))
  })
  for (let n = 0; n < 200; n++) void client.session.send('seen', n)
  await platform.settle()
  expect(reference).toHaveLength(200)
  expect(server.core.dispatcher.openCount).toBe(0)
  expect(client.core.lane.openRequests).toBe(0)
  await collectGarbage()
  expect(reference.filter((one) => one.deref() !== undefined)).toEqual([])
})

const argumentCases: Array<[string, (session: Session) => unknown]> = [
  ['an empty name', (session) => session.send('')],
  ['a name that is too long', (session) => session.send('x'.repeat(129))],
  ['a name that is none', (session) => session.request({ sdp: 1 } as never)],
  ['options that are none', (session) => session.send('n', 1, null as never)],
  ['an id that cannot be used', (session) => session.send('n', 1, { id: 'with space' })],
  ['an id that is no string', (session) => session.send('n', 1, { id: 5 as never })],
  ['a signal that is none', (session) => session.send('n', 1, { signal: {} as never })],
  ['meta that is a string', (session) => session.send('n', 1, { meta: 'x' as never })],
  ['meta that is a list', (session) => session.send('n', 1, { meta: ['x'] as never })],
  ['meta with a number', (session) => session.send('n', 1, { meta: { a: 1 as never } })],
  ['meta with a key __proto__', (session) => session.send('n', 1, { meta: JSON.parse('{"__proto__":"x"}') })],
  [
    'too much meta',
    (session) => session.send('n', 1, { meta: Object.fromEntries([...Array(17)].map((_, n) => [n, ''])) }),
  ],
  ['a handler that is no function', (session) => session.handle('n', 'x' as never)],
  ['a handler without a name', (session) => session.handle(undefined as never, () => {})],
  ['a second handler', (session) => [session.handle('n', () => {}), session.handle('n', () => {})]],
  ['a note handler that is none', (session) => session.onNote('n', undefined as never)],
  ['a second note handler', (session) => [session.onNote('n', () => {}), session.onNote('n', () => {})]],
  ['a note without a name', (session) => session.note('')],
  ['a note that is too large', (session) => session.note('n', 'x'.repeat(100_000))],
  ['a note that JSON cannot carry', (session) => session.note('n', 1n)],
  ['an event that there is not', (session) => session.on('message' as never, () => {})],
  ['an event that there is not, taken off', (session) => session.off('message' as never, () => {})],
  ['a listener that is none', (session) => session.on('open', {} as never)],
  ['close options that are none', (session) => session.close('now' as never)],
  ['a close code of the protocol', (session) => session.close({ code: 1006 })],
  ['a close code that is none', (session) => session.close({ code: 5000 })],
  ['a reason that is too long', (session) => session.close({ reason: 'x'.repeat(121) })],
  ['a reason that is none', (session) => session.close({ reason: 5 as never })],
  ['a time that is none', (session) => session.close({ timeoutMs: -1 })],
  ['a close signal that is none', (session) => session.close({ signal: true as never })],
  ['an abort reason that is none', (session) => session.abort({} as never)],
]

test.each(argumentCases)(
  '%s throws an ArgumentError at the call, and the session goes on',
  async (_, call) => {
    const { client, server, platform } = await pair()
    let error: LastwordError | undefined
    try {
      void call(client.session)
    } catch (thrown) {
      error = thrown as LastwordError
    }
    expect(error).toMatchObject({ name: 'ArgumentError', code: 'argument-invalid' })
    expect(error?.remedy).toBeTruthy()
    server.session.handle('still', () => 'here')
    const asked = client.session.request('still')
    const closing = client.session.close({} as CloseOptions)
    await platform.settle()
    expect(await asked).toBe('here')
    expect(await closing).toMatchObject(clean)
  },
)

test.each([
  ['send', (session: Session) => session.send('typo')],
  ['request', (session: Session) => session.request('typo')],
  ['handle', (session: Session) => session.handle('typo', () => {})],
  ['note', (session: Session) => session.note('typo')],
  ['onNote', (session: Session) => session.onNote('typo', () => {})],
])('%s with a name that the contract does not have throws, and says which there are', async (_, call) => {
  const { client } = await pair({ client: { contract: { offer: {}, candidate: {} } } })
  expect(() => call(client.session)).toThrowError(/"typo"/)
  try {
    void call(client.session)
  } catch (error) {
    expect((error as LastwordError).remedy).toContain('offer, candidate')
  }
})

test('a session that ends while its next link waits for welcome says its last word on that link', async () => {
  const made = await pair()
  const { client, server, platform } = made
  const slow = deferred()
  const welcomed = deferred()
  client.session.handle('n', () => slow.promise)
  const sent = later(server.session.send('n', 1))
  const closings = [server.session.close(), client.session.close()]
  await platform.settle()
  await made.lose()
  await made.link(welcomed.promise)
  slow.resolve()
  await platform.settle()
  expect(client.core.ended).toBe(true)
  welcomed.resolve()
  await platform.settle()
  expect(await outcomeOf(Promise.all(closings))).toMatchObject({ value: [clean, clean] })
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
})

test('close() does not wait for ever for the welcome that the last word needs', async () => {
  const made = await pair()
  const { client, server, platform } = made
  const slow = deferred()
  client.session.handle('n', () => slow.promise)
  void later(server.session.send('n', 1))
  void server.session.close()
  const closing = client.session.close()
  await platform.settle()
  await made.lose()
  await made.link(new Promise(() => {}))
  slow.resolve()
  await platform.settle()
  await platform.advance(5_000)
  expect(await outcomeOf(closing)).toMatchObject({ value: clean })
})

test('a process lives while somebody waits for close(), and no longer', async () => {
  const made = await pair()
  const { server, platform } = made
  await made.lose()
  expect(platform.keepsAlive).toBe(false)
  const closing = server.session.close({ timeoutMs: 1000 })
  expect(platform.keepsAlive).toBe(true)
  await platform.advance(1000)
  expect(await outcomeOf(closing)).toMatchObject({ value: { code: 'close-timeout' } })
  expect(platform.keepsAlive).toBe(false)
})

test('a side that closes only because its peer has keeps no process alive', async () => {
  const { server, platform, links } = await pair()
  links[1].writable = false
  links[0].send('[{"t":"fin","seq":1}]')
  await platform.settle()
  expect(server.session.state).toBe('closing')
  expect(platform.keepsAlive).toBe(false)
})

test('a session that is over and kept holds none of the messages that it received', async () => {
  const { client, server, platform } = await pair()
  for (let n = 0; n < 3; n++) void later(client.session.request('q', n))
  await platform.settle()
  server.session.abort()
  await platform.settle()
  expect(server.core.report?.incoming.unhandled).toHaveLength(3)
  expect(server.core.dispatcher.openCount).toBe(0)
})
