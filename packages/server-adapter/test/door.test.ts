import type { Session } from '@lastword/sdk'
import { describe, expect, test } from 'vitest'
import type { AdapterOptions, RefusedLink } from '../src/index.ts'
import { byHand, hello, serveWithNeighbour, sid } from './by-hand.ts'
import { later, type Served, schemes, serve, until, within } from './harness.ts'

const deep = JSON.parse('['.repeat(70) + ']'.repeat(70))

const beforeHello: Array<[string, string | Buffer, number, string]> = [
  ['something that is not JSON', 'hello there', 4400, 'frameMalformed'],
  ['an empty list', '[]', 4400, 'frameMalformed'],
  ['something else first', '[{"t":"ping","k":1}]', 4403, 'helloExpected'],
  ['an envelope that there is not', '[{"t":"hullo"}]', 4401, 'envelopeUnknown'],
  ['a key that is too short', JSON.stringify([hello({ key: 'short' })]), 4400, 'frameMalformed'],
  ['a binary frame of noise', Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]), 4400, 'frameMalformed'],
  ['auth nested too deep', JSON.stringify([hello({ auth: deep })]), 4414, 'frameTooDeep'],
]

const afterWelcome: Array<[string, unknown[] | string, number]> = [
  ['a second hello', [hello({ link: 2 })], 4402],
  [
    'a welcome',
    [
      {
        t: 'welcome',
        sid,
        resumed: false,
        got: 0,
        window: { messages: 1, bytes: 65536 },
        ttl: 1,
        keepalive: 1,
        maxBytes: 65536,
      },
    ],
    4402,
  ],
  ['away', [{ t: 'away', after: 1 }], 4402],
  ['a gap', [{ t: 'msg', seq: 2, id: 'm2', ch: 'ask', d: 1 }], 4405],
  [
    'a number that comes twice',
    [
      { t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: 1 },
      { t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: 1 },
    ],
    4406,
  ],
  ['an acknowledgement of nothing', [{ t: 'ack', n: 7 }], 4407],
  [
    'a message behind fin',
    [
      { t: 'fin', seq: 1 },
      { t: 'msg', seq: 2, id: 'm2', ch: 'ask' },
    ],
    4402,
  ],
  ['a payload nested too deep', [{ t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: deep }], 4414],
  ['a payload with a key __proto__', '[{"t":"msg","seq":1,"id":"m1","ch":"ask","d":{"__proto__":1}}]', 4400],
  ['noise', 'x', 4400],
]

describe.each(schemes)('%s', (scheme) => {
  test.each(beforeHello)(
    '%s ends the link with its own code and nothing else',
    async (_, frame, code, name) => {
      const served = await serveWithNeighbour(scheme)
      const client = await byHand(served)
      client.socket.send(frame)
      expect((await client.isClosed()).code).toBe(code)
      expect(served.refused).toMatchObject([{ code: name }])
      expect(served.adapter.sessionCount).toBe(1)
      await served.neighbourGoesOn()
    },
  )

  test.each(afterWelcome)(
    '%s ends the link with its own code; the session resumes',
    async (_, frame, code) => {
      const served = await serveWithNeighbour(scheme)
      const client = await byHand(served)
      client.say(hello())
      await client.hears('welcome')
      const session = served.sessions.find((one) => one.id === sid) as Session
      const told: unknown[] = []
      session.on('disconnected', (error) => told.push(error))
      if (typeof frame === 'string') client.socket.send(frame)
      else client.say(...frame)
      const end = await client.isClosed()
      expect(end.code).toBe(code)
      expect(end.reason).not.toBe('')
      expect(told).toMatchObject([{ code: 'protocol-violated', by: 'peer' }])
      const again = await byHand(served)
      again.say(hello({ link: 2, fresh: false }))
      expect(await again.hears('welcome')).toMatchObject({ resumed: true })
      const { k } = await again.hears('ping')
      // One that had closed before is closing still.
      expect(session.state).toMatch(/recovering|closing/)
      again.say({ t: 'pong', k })
      await until(() => /open|closing/.test(session.state), { what: 'the session to go on' })
      await served.neighbourGoesOn()
    },
  )

  test('faults again and again, with nothing handled between them, end the session', async () => {
    const served = await serveWithNeighbour(scheme)
    for (let link = 1; link <= 3; link++) {
      const client = await byHand(served)
      client.say(hello({ link, fresh: link === 1 }))
      await client.hears('welcome')
      client.say({ t: 'ack', n: 99 })
      await client.isClosed()
    }
    const session = served.sessions.find((one) => one.id === sid) as Session
    expect(await within('the end', session.closed)).toMatchObject({
      clean: false,
      code: 'protocol-fault',
      by: 'local',
    })
    await served.neighbourGoesOn()
  })

  test('more than the window allows ends the session with window-exceeded', async () => {
    const served = await serveWithNeighbour(scheme)
    const client = await byHand(served)
    client.say(hello())
    await client.hears('welcome')
    for (let seq = 1; seq <= 1025; seq++) client.say({ t: 'msg', seq, id: `m${seq}`, ch: 'hang', d: seq })
    expect(await client.hears('reset')).toMatchObject({ code: 'window-exceeded' })
    expect((await client.isClosed()).code).toBe(4410)
    const session = served.sessions.find((one) => one.id === sid) as Session
    expect(await within('the end', session.closed)).toMatchObject({ code: 'window-exceeded', by: 'local' })
    await served.neighbourGoesOn()
  })

  test('a frame larger than the server takes ends the link, and nothing of it is handled', async () => {
    const served = await serveWithNeighbour(scheme, { maxBytes: 64 * 1024 })
    const client = await byHand(served)
    client.say(hello())
    await client.hears('welcome')
    client.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 'x'.repeat(80 * 1024) })
    expect((await client.isClosed()).code).toBe(4413)
    // The side that finds a fault counts it, too: the third one ends the session.
    for (const link of [2, 3]) {
      const again = await byHand(served)
      again.say(hello({ link }))
      await again.hears('welcome')
      again.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 'x'.repeat(80 * 1024) })
      expect((await again.isClosed()).code).toBe(4413)
    }
    const session = served.sessions.find((one) => one.id === sid) as Session
    expect(await within('the end', session.closed)).toMatchObject({ code: 'protocol-fault' })
    await served.neighbourGoesOn()
  })

  test('a client that says nothing is closed when its time is over', async () => {
    const served = await serve(scheme, { adapter: { helloTimeoutMs: 30 } })
    const client = await byHand(served)
    expect(await client.isClosed()).toMatchObject({ code: 4404 })
    expect(served.adapter.sessionCount).toBe(0)
  })

  test('the wrong key opens nothing, and leaves its owner undisturbed', async () => {
    const served = await serveWithNeighbour(scheme)
    const victim = await byHand(served)
    victim.say(hello())
    await victim.hears('welcome')
    for (const fresh of [true, false]) {
      const thief = await byHand(served)
      thief.say(hello({ key: 'the-key-that-a-thief-has-guessed', link: 9, fresh }))
      expect(await thief.hears('reset')).toMatchObject({ code: 'key-mismatch' })
      expect((await thief.isClosed()).code).toBe(4410)
    }
    expect(served.refused.map((one) => one.code)).toEqual(['key-mismatch', 'key-mismatch'])
    victim.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 4 })
    expect(await victim.hears('msg')).toMatchObject({ re: 'm1', d: 8 })
    expect(victim.closed).toBeUndefined()
    await served.neighbourGoesOn()
  })

  test('the right key takes the session over; an older link that comes late does not', async () => {
    const served = await serveWithNeighbour(scheme)
    const first = await byHand(served)
    first.say(hello({ link: 2 }))
    await first.hears('welcome')
    const second = await byHand(served)
    second.say(hello({ link: 3, fresh: false }))
    expect(await second.hears('welcome')).toMatchObject({ resumed: true })
    expect((await first.isClosed()).code).toBe(4409)
    const late = await byHand(served)
    late.say(hello({ link: 1, fresh: false }))
    expect((await late.isClosed()).code).toBe(4409)
    second.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 4 })
    expect(await second.hears('msg')).toMatchObject({ re: 'm1', d: 8 })
    await served.neighbourGoesOn()
  })

  test('a session that does not exist cannot be resumed', async () => {
    const served = await serveWithNeighbour(scheme)
    const client = await byHand(served)
    client.say(hello({ fresh: false, got: 3 }))
    expect(await client.hears('reset')).toMatchObject({ code: 'session-unknown' })
    expect(await client.isClosed()).toEqual({ code: 4410, reason: 'session-unknown' })
    await served.neighbourGoesOn()
  })

  test('a version that is not spoken is refused by name', async () => {
    const served = await serveWithNeighbour(scheme)
    const client = await byHand(served)
    client.say(hello({ v: 2 }))
    expect(await client.hears('reset')).toMatchObject({ code: 'version-unsupported' })
    await served.neighbourGoesOn()
  })

  test('one session more than sessionsMax is refused, and one that ends makes room', async () => {
    const served = await serve(scheme, { adapter: { sessionsMax: 1 } })
    const first = served.connect()
    await first.opened
    const second = served.connect()
    await expect(second.opened).rejects.toMatchObject({ code: 'session-closed' })
    expect(await second.closed).toMatchObject({ code: 'sessions-full', by: 'peer' })
    await first.close()
    await until(() => served.adapter.sessionCount === 0, { what: 'room' })
    await served.connect().opened
  })

  test('an identity opens sessions and resumes its own only', async () => {
    let who: unknown = 'anna'
    const contexts: unknown[] = []
    const served = await serve(scheme, {
      adapter: {
        authenticate({ auth, resuming, sessionId, request }) {
          contexts.push({ auth, resuming, sessionId, url: request.url })
          return who as string
        },
      },
    })
    const identities: string[] = []
    served.adapter.onSession((_, { identity }) => identities.push(identity))
    const first = await byHand(served)
    first.say(hello({ auth: { token: 1 } }))
    await first.hears('welcome')
    expect(identities).toEqual(['anna'])
    who = 'berta'
    const second = await byHand(served)
    second.say(hello({ link: 2, fresh: false }))
    expect(await second.hears('reset')).toMatchObject({ code: 'identity-mismatch' })
    who = 'anna'
    const third = await byHand(served)
    third.say(hello({ link: 3, fresh: false }))
    expect(await third.hears('welcome')).toMatchObject({ resumed: true })
    expect((await first.isClosed()).code).toBe(4409)
    expect(contexts).toMatchObject([
      { auth: { token: 1 }, resuming: false, sessionId: sid, url: '/' },
      { resuming: true },
      { resuming: true },
    ])
  })

  const refusals: Array<[string, AdapterOptions['authenticate'], unknown]> = [
    ['false', () => false, undefined],
    ['a promise of false', async () => false as const, undefined],
    [
      'a throw',
      () => {
        throw new Error('the database says hunter2')
      },
      { message: 'the database says hunter2' },
    ],
    [
      'a rejection',
      () => Promise.reject(new Error('the database says hunter2')),
      { message: 'the database says hunter2' },
    ],
    ['something that is no identity', () => true as never, { code: 'argument-invalid' }],
  ]
  test.each(refusals)(
    'authenticate: %s refuses the session as unauthorized, and only the server learns why',
    async (_, authenticate, error) => {
      const served = await serve(scheme, {
        adapter: { ...(authenticate && { authenticate }), authenticateTimeoutMs: 30 },
      })
      const refused: RefusedLink[] = []
      served.adapter.on('refused', (link) => refused.push(link))
      const session = served.connect()
      const sent = later(session.send('n'))
      expect(await within('the end', session.closed)).toMatchObject({ code: 'unauthorized', by: 'peer' })
      const failure = await sent.catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'delivery-failed' })
      expect(String(failure)).not.toContain('hunter2')
      expect(refused).toHaveLength(1)
      expect(refused[0]).toMatchObject({ code: 'unauthorized', ...(error ? { error } : {}) })
      expect(served.sessions).toEqual([])
    },
  )

  test('authenticate: no answer in time refuses nobody: the client tries again, and nothing is lost', async () => {
    let asked = 0
    const served = await serve(scheme, {
      adapter: {
        authenticate: () => (++asked === 1 ? new Promise<string>(() => {}) : 'me'),
        authenticateTimeoutMs: 30,
      },
    })
    served.adapter.onSession((session) => {
      session.handle('n', () => {})
    })
    const refused: RefusedLink[] = []
    served.adapter.on('refused', (link) => refused.push(link))
    const session = served.connect()
    await within('the message', session.send('n'))
    expect(asked).toBe(2)
    expect(refused).toMatchObject([{ code: 'helloTimeout', reason: expect.stringContaining('30 ms') }])
    expect(await within('the end', session.close())).toMatchObject({ clean: true })
  })

  test('what arrives while authenticate thinks is handled behind it, in order', async () => {
    let allow: ((identity: string) => void) | undefined
    const served = await serve(scheme, {
      adapter: {
        authenticate: () =>
          new Promise((resolve) => {
            allow = resolve
          }),
      },
    })
    const got: unknown[] = []
    served.adapter.onSession((session) => {
      session.handle('n', (n) => {
        got.push(n)
      })
    })
    const client = await byHand(served)
    client.say(hello(), { t: 'msg', seq: 1, id: 'm1', ch: 'n', d: 1 })
    client.say({ t: 'msg', seq: 2, id: 'm2', ch: 'n', d: 2 })
    client.say({ t: 'msg', seq: 3, id: 'm3', ch: 'n', d: 3 })
    client.socket.close(1000)
    await until(() => allow, { what: 'authenticate to be asked' })
    expect(got).toEqual([])
    allow?.('me')
    await until(() => got.length === 3, { what: 'the messages' })
    expect(got).toEqual([1, 2, 3])
  })

  test('origins: a list takes what it names and whoever is no page, a function decides for itself', async () => {
    const list = await serve(scheme, { adapter: { allowedOrigins: ['https://app.example'] } })
    await list.connect({ origin: 'https://app.example' }).opened
    await list.connect().opened
    const stranger = list.connect({ origin: 'https://evil.example' })
    expect(await within('the end', stranger.closed)).toMatchObject({ code: 'origin-forbidden', by: 'peer' })

    const seen: unknown[] = []
    const decide = await serve(scheme, {
      adapter: {
        allowedOrigins: (origin, request) => {
          seen.push([origin, request.url])
          return origin === 'https://app.example'
        },
      },
    })
    await decide.connect({ origin: 'https://app.example' }).opened
    const nobody = decide.connect()
    expect(await within('the end', nobody.closed)).toMatchObject({ code: 'origin-forbidden' })
    expect(seen).toEqual([
      ['https://app.example', '/'],
      [undefined, '/'],
    ])
  })

  test('a check of the origin that throws refuses the link as internal, and the server hears why', async () => {
    const served = await serve(scheme, {
      adapter: {
        allowedOrigins: () => {
          throw new Error('a bug')
        },
      },
    })
    const refused: RefusedLink[] = []
    served.adapter.on('refused', (link) => refused.push(link))
    expect(await within('the end', served.connect().closed)).toMatchObject({ code: 'internal', by: 'peer' })
    expect(refused).toMatchObject([{ code: 'internal', error: { message: 'a bug' } }])
  })
})

test('an onSession callback that throws leaves the others, and the session, alone', async () => {
  const served = await serve('ws')
  const reported: unknown[] = []
  const { error } = console
  console.error = (one) => reported.push(one)
  try {
    served.adapter.onSession(() => {
      throw new Error('a bug')
    })
    served.adapter.onSession(() => Promise.reject(new Error('a later bug')))
    const remove = served.adapter.onSession(() => {
      throw new Error('taken off')
    })
    remove()
    served.adapter.onSession((session) => session.handle('n', () => 'here'))
    expect(await served.connect().request('n')).toBe('here')
    expect(reported.map((one) => (one as Error).message)).toEqual(['a bug', 'a later bug'])
  } finally {
    console.error = error
  }
})

test('a session that is ended, or closed, by onSession itself tells its client', async () => {
  const served = await serve('ws')
  let how: 'abort' | 'close' = 'abort'
  served.adapter.onSession((session) => {
    if (how === 'abort') session.abort('not today')
    else void session.close()
  })
  const first = served.connect()
  const asked = later(first.request('n'))
  expect(await within('the end', first.closed)).toMatchObject({
    code: 'aborted',
    by: 'peer',
    reason: 'not today',
  })
  await expect(asked).rejects.toMatchObject({ code: 'delivery-failed' })
  how = 'close'
  const second = served.connect()
  expect(await within('the end', second.closed)).toMatchObject({ clean: true })
})

test('sessions that are over leave their place to new ones, and are forgotten, the oldest first, when they are too many', async () => {
  const served = await serve('ws', { adapter: { sessionsMax: 2 } })
  for (let n = 0; n < 5; n++) {
    const one = await byHand(served)
    // As if a link had been lost before: such a session is kept for those that still ask.
    one.say(hello({ sid: `${sid}-${n}`, link: 2 }))
    await one.hears('welcome')
    one.say({ t: 'reset', code: 'aborted' })
    await one.isClosed()
  }
  expect(served.adapter.sessionCount).toBe(2)
  // One after the other: which of two that come at once is let in first is nobody's promise.
  await within('the first', served.connect().opened)
  await within('the second', served.connect().opened)
  expect(await within('the third', served.connect().closed)).toMatchObject({ code: 'sessions-full' })
})

test('requests that applications are given hold no early frame: it carries the key and payloads', async () => {
  const seen: Array<{ headers: object; rawHeaders: string[] }> = []
  const served = await serve('ws', {
    adapter: {
      authenticate({ auth, request }) {
        seen.push(request)
        return auth === 'yes' ? 'me' : false
      },
    },
  })
  served.adapter.on('refused', ({ request }) => seen.push(request))
  served.adapter.onSession((_, { request }) => seen.push(request))
  const early = envelopesSentEarly(served)
  await within('the session', served.connect({ auth: 'yes' }).opened)
  await within('the refusal', served.connect({ auth: 'no' }).closed)
  expect(early()).toBe(2)
  expect(seen).toHaveLength(4)
  for (const { headers, rawHeaders } of seen) {
    const said = JSON.stringify([headers, rawHeaders])
    expect(said).toContain('lastword.1')
    expect(said).not.toContain('lastword.early')
  }
})

test('an async allowedOrigins allows nobody: its promise is not true', async () => {
  const served = await serve('ws', { adapter: { allowedOrigins: (async () => true) as never } })
  const session = served.connect()
  expect(await within('the refusal', session.closed)).toMatchObject({ code: 'origin-forbidden', by: 'peer' })
})

/** How many upgrade requests brought an early frame. */
function envelopesSentEarly({ server }: Served): () => number {
  let count = 0
  server.prependListener('upgrade', ({ headers }) => {
    if (String(headers['sec-websocket-protocol']).includes('lastword.early')) count++
  })
  return () => count
}
