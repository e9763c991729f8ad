import { ArgumentError, DeliveryError, limits, QueueFullError } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { collectGarbage } from '../../protocol/test/collect-garbage.ts'
import { slowly } from './async-schema.ts'
import { deferred, later, outcomeOf, pair, unlinked } from './pair.ts'

test('what is sent before there is a link waits for it and arrives in order', async () => {
  const made = unlinked()
  const got: unknown[] = []
  made.server.session.handle('n', (n) => {
    got.push(n)
  })
  const sent = [1, 2, 3].map((n) => made.client.session.send('n', n))
  const early = made.server.session.send('n', 0)
  void later(early)
  expect(made.client.session.state).toBe('connecting')
  await made.link()
  await Promise.all(sent)
  expect(got).toEqual([1, 2, 3])
})

test.each([
  ['a Uint8Array', (bytes: Uint8Array) => bytes],
  // Its `slice` copies nothing.
  ['a Buffer', (bytes: Uint8Array) => Buffer.from(bytes.buffer)],
  ['an ArrayBuffer', (bytes: Uint8Array) => bytes.buffer],
  ['a DataView', (bytes: Uint8Array) => new DataView(bytes.buffer, 1, 3)],
  ['a typed array', (bytes: Uint8Array) => new Uint16Array(bytes.buffer)],
])('%s arrives as bytes, as it was at the call', async (what, make) => {
  const { client, server, platform } = await pair()
  const bytes = new Uint8Array([1, 2, 3, 4])
  const whole = [1, 2, 3, 4]
  const expected = what === 'a DataView' ? [2, 3, 4] : whole
  server.session.handle('bytes', (payload: Uint8Array) => {
    expect(payload).toBeInstanceOf(Uint8Array)
    expect([...payload]).toEqual(expected)
    return payload
  })
  const asked = later(client.session.request('bytes', make(bytes)))
  bytes.fill(9)
  await platform.settle()
  expect([...((await asked) as Uint8Array)]).toEqual(expected)
})

test('bytes are sent again as they were, also with a number and a header of other lengths around them', async () => {
  const made = await pair()
  const { client, server, platform } = made
  const got: number[][] = []
  server.session.handle('bytes', (payload: Uint8Array) => void got.push([...payload]))
  for (let n = 0; n < 9; n++) void client.session.send('bytes', new Uint8Array([n]))
  await platform.settle()
  made.links[1].deaf = true
  const sent = [9, 10].map((n) => client.session.send('bytes', Buffer.from([n, n]), { meta: { name: 'ä€' } }))
  await platform.settle()
  await made.lose()
  await made.link()
  await platform.settle()
  await Promise.all(sent)
  expect(got).toEqual([...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n]), [9, 9], [10, 10]])
})

test('nothing is asked of a payload that JSON does not ask: what it inherits stays where it is', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.handle('n', (n) => void got.push(n))
  const parent = {
    get costly(): never {
      throw new Error('nobody may ask for this')
    },
  }
  const sent = later(client.session.send('n', Object.assign(Object.create(parent), { own: { n: 1 } })))
  await platform.settle()
  await sent
  expect(got).toEqual([{ own: { n: 1 } }])
})

test('a message is not sent whose signal aborts while its payload is serialised, as its error says', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.handle('n', (n) => void got.push(n))
  const giveUp = new AbortController()
  const payload = {
    toJSON() {
      giveUp.abort()
      return 1
    },
  }
  const sent = later(client.session.send('n', payload, { signal: giveUp.signal }))
  await platform.settle()
  expect(await outcomeOf(sent)).toMatchObject({ error: { fate: 'not-sent' } })
  expect(got).toEqual([])
})

test('nothing is kept of an object that was sent, while the message waits', async () => {
  const { client, platform } = await pair()
  // Nothing but the session refers to the payload when this has returned.
  const payload = (() => {
    const sent = { text: 'x'.repeat(1_000) }
    void later(client.session.send('n', sent))
    return new WeakRef(sent)
  })()
  await platform.settle()
  await collectGarbage()
  const { queued, inFlight } = client.session.stats()
  expect(queued.bytes + inFlight.bytes).toBeGreaterThan(1_000)
  expect(payload.deref()).toBeUndefined()
})

test('an object is copied at the call', async () => {
  const { client, server, platform } = await pair()
  let got: unknown
  server.session.handle('n', (payload) => {
    got = payload
  })
  const payload = { list: [1] }
  void client.session.send('n', payload)
  payload.list.push(2)
  await platform.settle()
  expect(got).toEqual({ list: [1] })
})

test('meta and the sender’s id reach the handler', async () => {
  const { client, server, platform } = await pair()
  let got: unknown
  server.session.handle('n', (_, { id, meta, name }) => {
    got = { id, meta, name }
  })
  void client.session.send('n', 1, { id: 'order-17', meta: { traceparent: '00-x' } })
  await platform.settle()
  expect(got).toEqual({ id: 'order-17', meta: { traceparent: '00-x' }, name: 'n' })
})

test('R-121: a message that may have been handled before says so to its handler, and no other does', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.handle('n', (_, { id, redelivered }) => {
    got.push([id, redelivered])
  })
  void client.session.send('n', 1, { id: 'a' })
  void client.session.send('n', 1, { id: 'b', redelivered: true })
  void client.session.send('n', new Uint8Array(1), { id: 'c', redelivered: true })
  void later(client.session.request('n', 1, { id: 'd', redelivered: true }))
  void client.session.send('n', 1, { id: 'e', redelivered: false })
  await platform.settle()
  expect(got).toEqual([
    ['a', false],
    ['b', true],
    ['c', true],
    ['d', true],
    ['e', false],
  ])
  // @ts-expect-error neither true nor false
  expect(() => client.session.send('n', 1, { redelivered: 1 })).toThrowError(ArgumentError)
})

const tooDeep: unknown[] = []
let inner = tooDeep
for (let depth = 0; depth < limits.depthMax; depth++) {
  const next: unknown[] = []
  inner.push(next)
  inner = next
}
const circular: Record<string, unknown> = {}
circular.self = circular

test.each([
  ['a circle', circular],
  ['a BigInt', { n: 1n }],
  ['a function', () => {}],
  ['a symbol', Symbol('s')],
  ['nesting too deep', tooDeep],
  ['a key __proto__', JSON.parse('{"a":{"__proto__":1}}')],
  ['toJSON that makes a key __proto__', { toJSON: () => JSON.parse('{"__proto__":1}') }],
])('a payload with %s is refused here, and leaves nothing behind', async (_, payload) => {
  const { client, server, platform } = await pair()
  server.session.handle('n', () => 'fine')
  const controller = new AbortController()
  const listeners = countListeners(controller.signal)
  const refused = later(client.session.request('n', payload, { id: 'again', signal: controller.signal }))
  expect(await outcomeOf(refused)).toMatchObject({ error: { code: 'argument-invalid' } })
  const { error } = (await outcomeOf(refused)) as { error: ArgumentError }
  expect(error).toBeInstanceOf(ArgumentError)
  expect(error.remedy).toBeTruthy()
  expect(listeners()).toBe(0)
  const asked = client.session.request('n', 1, { id: 'again' })
  await platform.settle()
  expect(await asked).toBe('fine')
})

test('the largest message that the peer takes arrives; one byte more is rejected as payload-too-large', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('s', (text: string) => text.length)
  // Ids of one length, so that the overhead is the same.
  const asked = (length: number, id: string) => later(client.session.request('s', 'x'.repeat(length), { id }))
  const overhead = 1024 * 1024 - (await largest())
  async function largest(): Promise<number> {
    let [fits, tooLarge] = [1024 * 1024 - 1024, 1024 * 1024]
    for (let n = 10; tooLarge - fits > 1; n++) {
      const middle = Math.floor((fits + tooLarge) / 2)
      const attempt = asked(middle, `id${n}`)
      await platform.settle()
      const outcome = (await outcomeOf(attempt)) as { value?: number; error?: unknown }
      if (outcome.value === middle) fits = middle
      else {
        expect(outcome).toMatchObject({ error: { code: 'payload-too-large' } })
        tooLarge = middle
      }
    }
    return fits
  }
  // The envelope around a payload costs well under a hundred bytes.
  expect(overhead).toBeGreaterThan(0)
  expect(overhead).toBeLessThan(100)
  const closing = client.session.close()
  await platform.settle()
  expect(await closing).toMatchObject({ clean: true })
})

test('a message that turns out too large once the peer has said what it takes is rejected then', async () => {
  const made = unlinked()
  made.server.session.handle('s', () => 'fine')
  const large = later(made.client.session.send('s', 'x'.repeat(1024 * 1024)))
  const small = later(made.client.session.request('s', 'x'))
  expect(await outcomeOf(large)).toBe('pending')
  await made.link()
  expect(await outcomeOf(large)).toMatchObject({ error: { code: 'payload-too-large' } })
  expect(await outcomeOf(small)).toEqual({ value: 'fine' })
})

test('past queuedBytesMax send rejects with QueueFullError, and ready says when there is room again', async () => {
  const made = unlinked({ client: { queuedBytesMax: 10_000 } })
  const work = deferred()
  made.server.session.handle('s', () => work.promise)
  await made.link()
  const { session } = made.client
  expect(await outcomeOf(session.ready)).toEqual({ value: undefined })
  const accepted = later(session.send('s', 'x'.repeat(9_000)))
  const refused = later(session.send('s', 'x'.repeat(2_000)))
  expect(await outcomeOf(refused)).toMatchObject({ error: { code: 'queue-full' } })
  expect(((await outcomeOf(refused)) as { error: unknown }).error).toBeInstanceOf(QueueFullError)
  const ready = session.ready
  expect(await outcomeOf(ready)).toBe('pending')
  work.resolve()
  await made.platform.settle()
  expect(await outcomeOf(accepted)).toEqual({ value: undefined })
  expect(await outcomeOf(ready)).toEqual({ value: undefined })
})

test('whoever waits for room is woken by the end of the session', async () => {
  const { session, core } = unlinked({ client: { queuedBytesMax: 100 } }).client
  void later(session.send('s', 'x'.repeat(500)))
  const ready = session.ready
  expect(await outcomeOf(ready)).toBe('pending')
  session.abort()
  expect(core.ended).toBe(true)
  expect(await outcomeOf(ready)).toEqual({ value: undefined })
})

test('what is aborted before it left is taken back: the peer never sees it', async () => {
  const made = unlinked()
  const got: unknown[] = []
  made.server.session.handle('n', (n) => {
    got.push(n)
  })
  const controller = new AbortController()
  const first = later(made.client.session.send('n', 1, { signal: controller.signal }))
  void made.client.session.send('n', 2)
  controller.abort()
  expect(await outcomeOf(first)).toMatchObject({ error: { code: 'delivery-failed', fate: 'not-sent' } })
  await made.link()
  expect(got).toEqual([2])
})

test('a signal that is aborted already sends nothing', async () => {
  const { client, server, platform } = await pair()
  let called = false
  server.session.handle('n', () => {
    called = true
  })
  const sent = later(client.session.send('n', 1, { signal: AbortSignal.abort() }))
  await platform.settle()
  expect(await outcomeOf(sent)).toMatchObject({ error: { fate: 'not-sent' } })
  expect(called).toBe(false)
})

test('listeners on signals are removed when a message is settled, however', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('ok', () => 1)
  server.session.handle('fails', () => Promise.reject(new Error('no')))
  server.session.handle('hangs', () => new Promise(() => {}))
  server.session.on('error', () => {})
  const controller = new AbortController()
  const listeners = countListeners(controller.signal)
  const options = { signal: controller.signal }
  for (const name of ['ok', 'fails', 'hangs']) {
    void later(client.session.request(name, 1, options))
    void later(client.session.send(name, 1, options))
  }
  expect(listeners()).toBe(6)
  await platform.settle()
  expect(listeners()).toBe(2)
  const closing = client.session.close({ signal: controller.signal, timeoutMs: 1_000 })
  await platform.advance(1_000)
  expect(await closing).toMatchObject({ clean: false, code: 'close-timeout' })
  expect(listeners()).toBe(0)
})

test('a schema may take its time: messages leave in the order of the calls', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({
    client: { contract: { slow: { payload: slow.schema }, fast: {} } },
  })
  const got: unknown[] = []
  for (const name of ['slow', 'fast']) {
    server.session.handle(name, (payload) => {
      got.push(payload)
    })
  }
  const sent = [
    client.session.send('slow', 1),
    client.session.send('fast', 'a'),
    client.session.send('slow', 2),
    client.session.send('fast', 'b'),
  ]
  await platform.settle()
  slow.pass(2)
  await platform.settle()
  expect(got).toEqual([])
  slow.pass(1)
  await platform.settle()
  await Promise.all(sent)
  expect(got).toEqual([10, 'a', 20, 'b'])
})

test('closing waits for what a schema still looks at', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ client: { contract: { n: { payload: slow.schema } } } })
  const got: unknown[] = []
  server.session.handle('n', (n) => {
    got.push(n)
  })
  const sent = later(client.session.send('n', 1))
  const closing = client.session.close()
  await platform.settle()
  slow.pass(1)
  await platform.settle()
  await sent
  expect(got).toEqual([10])
  expect(await closing).toMatchObject({ clean: true })
})

test('what a schema still looks at when the session ends is rejected as not sent', async () => {
  const slow = slowly()
  const { client } = await pair({ client: { contract: { n: { payload: slow.schema } } } })
  const sent = later(client.session.send('n', 1))
  const asked = later(client.session.request('n', 2))
  client.session.abort()
  for (const promise of [sent, asked]) {
    const { error } = (await outcomeOf(promise)) as { error: unknown }
    expect(error).toBeInstanceOf(DeliveryError)
    expect(error).toMatchObject({ fate: 'not-sent' })
  }
})

test('two requests with one id are a mistake of the caller, also while a schema looks at the first', async () => {
  const slow = slowly()
  const { client } = await pair({ client: { contract: { n: { payload: slow.schema } } } })
  void later(client.session.request('n', 1, { id: 'one' }))
  expect(() => client.session.request('n', 2, { id: 'one' })).toThrowError(ArgumentError)
})

test('payloads are validated on the way out, and what the schema makes of them is sent', async () => {
  const payload = z.object({ n: z.string().transform(Number) })
  const { client, server, platform } = await pair({
    client: { contract: { add: { payload, reply: z.number().transform((n) => `${n}!`) } } },
  })
  server.session.handle('add', ({ n }: { n: unknown }) => n)
  const refused = later(client.session.send('add', { n: 5 }))
  expect(await outcomeOf(refused)).toMatchObject({
    error: { code: 'payload-invalid', issues: [{ path: ['n'] }] },
  })
  const asked = client.session.request('add', { n: '5' })
  await platform.settle()
  expect(await asked).toBe('5!')
})

test('a reply that does not fit the asker’s contract rejects with a PayloadError', async () => {
  const { client, server, platform } = await pair({ client: { contract: { add: { reply: z.number() } } } })
  server.session.handle('add', () => 'five')
  const asked = later(client.session.request('add'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'payload-invalid' } })
})

/** How many listeners there are on a signal. */
function countListeners(signal: AbortSignal): () => number {
  let count = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...parameters: unknown[]) => {
    count++
    Reflect.apply(addEventListener, signal, parameters)
  }
  signal.removeEventListener = (...parameters: unknown[]) => {
    count--
    Reflect.apply(removeEventListener, signal, parameters)
  }
  return () => count
}

test('a binary message whose meta is too large for its header is refused at once, and harms nothing', async () => {
  const { client, server, platform } = await pair()
  const metaOf = (chars: number) =>
    Object.fromEntries([...Array(16)].map((_, n) => [`${n}`.padEnd(512, 'k'), 'v'.repeat(chars)]))
  const got: unknown[] = []
  server.session.handle('bytes', (bytes) => {
    got.push(bytes)
  })
  const refused = later(client.session.send('bytes', new Uint8Array(3), { meta: metaOf(512) }))
  const sent = later(client.session.send('bytes', new Uint8Array(2), { meta: metaOf(500) }))
  await platform.settle()
  expect(await outcomeOf(refused)).toMatchObject({
    error: { name: 'ArgumentError', remedy: expect.any(String) },
  })
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
  expect(got).toEqual([new Uint8Array(2)])
  expect(client.log).toEqual(['open'])
})

test('a request whose reply a schema never finishes with is rejected when the session ends', async () => {
  const { client, server, platform } = await pair({ client: { contract: { q: { reply: slowly().schema } } } })
  server.session.handle('q', () => 1)
  const asked = later(client.session.request('q'))
  await platform.settle()
  expect(await outcomeOf(asked)).toBe('pending')
  client.session.abort()
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'session-closed' } })
})

test('a close waits for a schema that looks at a reply, and the asker gets it', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ client: { contract: { q: { reply: slow.schema } } } })
  server.session.handle('q', () => 1)
  const asked = later(client.session.request('q'))
  await platform.settle()
  const closing = [client.session.close(), server.session.close()]
  await platform.settle()
  expect(client.session.state).toBe('closing')
  slow.pass(1)
  await platform.settle()
  expect(await outcomeOf(asked)).toEqual({ value: 10 })
  expect(await outcomeOf(Promise.all(closing))).toMatchObject({ value: [{ clean: true }, { clean: true }] })
})

test('a request that is given up while a schema looks at its reply holds nothing up', async () => {
  const { client, server, platform } = await pair({ client: { contract: { q: { reply: slowly().schema } } } })
  server.session.handle('q', () => 1)
  const controller = new AbortController()
  const asked = later(client.session.request('q', undefined, { signal: controller.signal }))
  await platform.settle()
  controller.abort()
  const closing = client.session.close()
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { name: 'DeliveryError' } })
  expect(await outcomeOf(closing)).toMatchObject({ value: { clean: true } })
})

test('a request that was handled and is given up before its reply comes was received, and the error says what is missing', async () => {
  const { client, server, platform } = await pair()
  // A peer that acknowledges first and answers later.
  server.core.lane.answers.answer = () => {}
  server.session.handle('n', () => 'late')
  const controller = new AbortController()
  const asked = later(client.session.request('n', 1, { id: 'a', signal: controller.signal }))
  await platform.settle()
  controller.abort()
  expect(await outcomeOf(asked)).toMatchObject({
    error: {
      code: 'delivery-failed',
      fate: 'received',
      message: 'message a was not answered (received): the caller stopped waiting',
    },
  })
})

test.each([Number.POSITIVE_INFINITY, 1])(
  'a link that says it has room while it is given a frame gets the next one behind it: %s',
  async (room) => {
    const { client, server, platform, links } = await pair()
    const [near, far] = links
    // No acknowledgement gives the client another occasion.
    far.mute = true
    let left = 0
    Object.defineProperty(near, 'writable', { get: () => left-- > 0, set: () => {} })
    const send = near.send.bind(near)
    near.send = (frame) => {
      left = room
      near.drain()
      send(frame)
    }
    const got: unknown[] = []
    server.session.handle('n', (n) => void got.push(n))
    // Each takes a frame of its own.
    for (let n = 0; n < 9; n++) void later(client.session.send('n', { n, text: 'x'.repeat(16_000) }))
    left = room
    near.drain()
    await platform.settle()
    expect(got).toMatchObject([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ n })))
  },
)
