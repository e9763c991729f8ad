import { expect, test } from 'vitest'
import { slowly } from './async-schema.ts'
import { deferred, later, outcomeOf, type PairOptions, pair, unlinked } from './pair.ts'

/** Room for two messages of this length and not for three. */
const large = 'x'.repeat(4_000)
const wait: PairOptions = { client: { queuedBytesMax: 10_000, onFull: 'wait' } }

/** A pair whose server handles one message each time it is told to. */
async function stepwise(options: PairOptions = wait) {
  const made = await pair(options)
  const got: string[] = []
  const steps: Array<ReturnType<typeof deferred<void>>> = []
  made.server.session.handle('s', (_, { id }) => {
    got.push(id)
    const step = deferred()
    steps.push(step)
    return step.promise
  })
  return {
    ...made,
    got,
    async handleOne() {
      steps.shift()?.resolve()
      await made.platform.settle()
    },
  }
}

test('with onFull: wait, messages wait for room, and keep the order of the calls', async () => {
  const { client, got, handleOne, platform } = await stepwise()
  const sent = ['a', 'b', 'c', 'd'].map((id) => client.session.send('s', large, { id }))
  // It would fit by itself, and does not overtake.
  sent.push(client.session.send('s', 'small', { id: 'e' }))
  await platform.settle()
  expect(got).toEqual(['a', 'b'])
  const { inFlight, queued } = client.session.stats()
  expect([inFlight.messages, queued.messages]).toEqual([2, 3])
  expect(inFlight.bytes).toBeGreaterThan(8_000)
  expect(inFlight.bytes).toBeLessThanOrEqual(10_000)
  expect(queued.bytes).toBeGreaterThan(8_000)
  await handleOne()
  expect(got).toEqual(['a', 'b', 'c'])
  await handleOne()
  expect(got).toEqual(['a', 'b', 'c', 'd', 'e'])
  for (let n = 0; n < 3; n++) await handleOne()
  expect(await Promise.all(sent)).toHaveLength(5)
})

test('a message larger than all the room goes alone, behind those before it', async () => {
  const { client, got, handleOne, platform } = await stepwise()
  void later(client.session.send('s', large, { id: 'a' }))
  void later(client.session.send('s', 'x'.repeat(20_000), { id: 'huge' }))
  void later(client.session.send('s', large, { id: 'b' }))
  await platform.settle()
  expect(got).toEqual(['a'])
  await handleOne()
  expect(got).toEqual(['a', 'huge'])
  await handleOne()
  expect(got).toEqual(['a', 'huge', 'b'])
})

test('requests wait like messages, and are answered', async () => {
  const { client, server, platform } = await pair(wait)
  const held = deferred()
  server.session.handle('s', () => held.promise)
  server.session.handle('ask', (text: string) => text.length)
  void later(client.session.send('s', large))
  void later(client.session.send('s', large))
  const asked = client.session.request('ask', large)
  await platform.settle()
  expect(await outcomeOf(asked)).toBe('pending')
  held.resolve()
  await platform.settle()
  expect(await asked).toBe(4_000)
})

test('what waits is what it was at the call', async () => {
  const { client, server, platform } = await pair(wait)
  const held = deferred()
  const got: unknown[] = []
  server.session.handle('s', (payload) => {
    got.push(payload)
    return held.promise
  })
  void later(client.session.send('s', large))
  void later(client.session.send('s', large))
  const object = { text: large }
  const bytes = new Uint8Array(4_000).fill(1)
  void later(client.session.send('s', object))
  void later(client.session.send('s', bytes))
  object.text = 'changed'
  bytes.fill(9)
  held.resolve()
  await platform.settle()
  expect(got.slice(2)).toEqual([{ text: large }, new Uint8Array(4_000).fill(1)])
})

test('a signal takes back what waits, and makes way for what is behind it', async () => {
  const { client, got, platform } = await stepwise()
  void later(client.session.send('s', large, { id: 'a' }))
  const controller = new AbortController()
  const huge = later(client.session.send('s', 'x'.repeat(9_000), { id: 'huge', signal: controller.signal }))
  void later(client.session.send('s', large, { id: 'b' }))
  await platform.settle()
  expect(got).toEqual(['a'])
  controller.abort()
  await platform.settle()
  expect(await outcomeOf(huge)).toMatchObject({ error: { code: 'delivery-failed', fate: 'not-sent' } })
  expect(got).toEqual(['a', 'b'])
})

test('closing waits for what waits for room', async () => {
  const { client, got, handleOne, platform } = await stepwise()
  const sent = ['a', 'b', 'c', 'd', 'e'].map((id) => later(client.session.send('s', large, { id })))
  const closing = client.session.close()
  await platform.settle()
  expect(got).toEqual(['a', 'b'])
  for (let n = 0; n < 5; n++) await handleOne()
  await Promise.all(sent)
  expect(got).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(await outcomeOf(closing)).toMatchObject({ value: { clean: true, handledTotal: 5, notSent: [] } })
})

test('closing does not wait for what was taken back', async () => {
  const { client, handleOne, platform } = await stepwise()
  const controller = new AbortController()
  void later(client.session.send('s', 'x'.repeat(8_000)))
  void later(client.session.send('s', large, { signal: controller.signal }))
  const closing = client.session.close()
  await platform.settle()
  controller.abort()
  await handleOne()
  expect(await outcomeOf(closing)).toMatchObject({ value: { clean: true, handledTotal: 1 } })
})

test('what waits when the session ends is not sent, and the report names it', async () => {
  const slow = slowly()
  const { client, platform } = await pair({
    client: { ...wait.client, contract: { s: {}, slow: { payload: slow.schema } } },
  })
  const ids = ['a', 'b', 'c', 'd']
  const sent = ids.map((id) => later(client.session.send('s', large, { id })))
  sent.push(later(client.session.request('s', large, { id: 'e' })))
  sent.push(later(client.session.send('slow', 1, { id: 'f' })))
  await platform.settle()
  client.session.abort()
  for (const promise of sent.slice(2)) {
    expect(await outcomeOf(promise)).toMatchObject({ error: { code: 'delivery-failed', fate: 'not-sent' } })
  }
  await platform.settle()
  expect(await client.session.closed).toMatchObject({
    received: [],
    unknown: ['a', 'b'],
    notSent: ['c', 'd', 'e', 'f'],
  })
})

test('a request that waits when the peer closes fails at once, and is not sent', async () => {
  const { client, server, got, handleOne, platform } = await stepwise({
    ...wait,
    client: { ...wait.client, halfOpen: true },
  })
  void later(client.session.send('s', large, { id: 'a' }))
  void later(client.session.send('s', large, { id: 'b' }))
  const asked = later(client.session.request('s', large, { id: 'c' }))
  const behind = later(client.session.send('s', large, { id: 'd' }))
  void server.session.close()
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { code: 'session-closed' } })
  await handleOne()
  await handleOne()
  await handleOne()
  expect(await outcomeOf(behind)).toEqual({ value: undefined })
  expect(got).toEqual(['a', 'b', 'd'])
})

test('ready counts what waits for room too', async () => {
  const { client, handleOne, platform } = await stepwise()
  for (let n = 0; n < 4; n++) void later(client.session.send('s', large))
  const ready = client.session.ready
  await platform.settle()
  await handleOne()
  await handleOne()
  expect(await outcomeOf(ready)).toBe('pending')
  await handleOne()
  expect(await outcomeOf(ready)).toEqual({ value: undefined })
})

test('replies pass what waits: two sides that are full and ask each other do not wait for each other', async () => {
  const options = { queuedBytesMax: 10_000, onFull: 'wait' } as const
  const made = unlinked({ client: options, server: options })
  const sides = [made.client.session, made.server.session]
  for (const session of sides) session.handle('ask', (text: string) => text.length)
  const asked = sides.flatMap((session) => [1, 2, 3, 4, 5].map(() => session.request('ask', large)))
  await made.link()
  expect(await Promise.all(asked)).toEqual(Array(10).fill(4_000))
})
