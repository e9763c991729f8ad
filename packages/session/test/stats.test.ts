import { expect, test } from 'vitest'
import { deferred, later, pair, unlinked } from './pair.ts'

test('stats() counts both ways, and says what is queued, in flight and unhandled', async () => {
  const { client, server, platform } = await pair({ windowMessages: 2 })
  const held = deferred()
  server.session.handle('ok', () => 'fine')
  server.session.handle('held', () => held.promise)
  const asked = client.session.request('ok', 1)
  await platform.settle()
  await asked
  for (let n = 0; n < 3; n++) void later(client.session.send('held', 'x'.repeat(100)))
  await platform.settle()
  const stats = client.session.stats()
  expect(stats).toMatchObject({
    links: 1,
    sent: { messages: 3, replayed: 0, handled: 1 },
    received: { messages: 1, duplicates: 0, handled: 1 },
    queued: { messages: 1 },
    inFlight: { messages: 2 },
    unhandled: { messages: 0 },
  })
  expect(stats.queued.bytes).toBeGreaterThan(100)
  expect(stats.inFlight.bytes).toBe(2 * stats.queued.bytes)
  expect(server.session.stats()).toMatchObject({
    sent: { messages: 1, handled: 1 },
    received: { messages: 3, handled: 1, frames: stats.sent.frames, bytes: stats.sent.bytes },
    unhandled: { messages: 2 },
  })
  expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
  held.resolve()
  await platform.settle()
  expect(client.session.stats()).toMatchObject({
    sent: { messages: 4, handled: 4 },
    queued: { messages: 0, bytes: 0 },
    inFlight: { messages: 0, bytes: 0 },
  })
  expect(server.session.stats().unhandled.messages).toBe(0)
})

test('stats() counts what a lost link made it send again', async () => {
  const made = await pair()
  const got: unknown[] = []
  made.server.session.handle('n', (n) => {
    got.push(n)
  })
  for (const link of made.links) link.deaf = true
  void later(made.client.session.send('n', 1))
  await made.platform.settle()
  await made.lose()
  await made.link()
  expect(got).toEqual([1])
  expect(made.client.session.stats()).toMatchObject({ links: 2, sent: { messages: 1, replayed: 1 } })
})

test('the round-trip time is missing before the first, and known on both sides after a link was lost', async () => {
  const made = unlinked()
  expect('roundTripMs' in made.client.session.stats()).toBe(false)
  await made.link()
  expect('roundTripMs' in made.server.session.stats()).toBe(false)
  await made.lose()
  await made.link()
  // The clock of this test stands still.
  for (const side of [made.client, made.server]) {
    expect(side.session.stats()).toMatchObject({ roundTripMs: 0, smoothedRoundTripMs: 0 })
  }
})

test('ageMs rises while the session goes on, and no longer', async () => {
  const { client, platform } = await pair()
  await platform.advance(5_000)
  expect(client.session.stats().ageMs).toBe(5_000)
  client.session.abort()
  await platform.advance(5_000)
  expect(client.session.stats().ageMs).toBe(5_000)
})
