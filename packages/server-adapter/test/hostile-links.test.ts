import { createRequire } from 'node:module'
import type { InflateRaw, ZlibOptions } from 'node:zlib'
import { expect, test } from 'vitest'
import { byHand, hello, serveWithNeighbour } from './by-hand.ts'
import { atTheEnd } from './harness.ts'

/** The module as `ws` sees it, whose functions can be replaced. */
const zlib = createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib')

const maxBytes = 65_536
/** What a message inflates to that a few kilobytes on the wire can say. */
const bombBytes = 32 * 1024 * 1024

const compressing = { perMessageDeflate: { threshold: 0 } }

/** Counts what comes out of every inflater from now on. */
function inflated(): () => number {
  let bytes = 0
  const { createInflateRaw } = zlib
  replaceInflater((options) => {
    const inflater = createInflateRaw(options)
    inflater.on('data', (data: Uint8Array) => {
      bytes += data.length
    })
    return inflater
  })
  atTheEnd(() => replaceInflater(createInflateRaw))
  return () => bytes
}

/** The property is not writable, but configurable. */
function replaceInflater(value: (options?: ZlibOptions) => InflateRaw): void {
  Object.defineProperty(zlib, 'createInflateRaw', { value, configurable: true, enumerable: true })
}

test('a compressed bomb is given up as soon as it is longer than a frame may be, and its link ends with 1009', async () => {
  const count = inflated()
  const served = await serveWithNeighbour('ws', { maxBytes }, (adapter) => ({
    ...compressing,
    maxPayload: adapter.maxPayload,
  }))
  const client = await byHand(served, compressing)
  client.say(hello())
  await client.hears('welcome')
  const before = count()
  client.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: 'x'.repeat(bombBytes) })
  expect((await client.isClosed()).code).toBe(1009)
  // It may be longer by what zlib hands over at once, and no more.
  expect(count() - before).toBeGreaterThan(served.adapter.maxPayload)
  expect(count() - before).toBeLessThan(served.adapter.maxPayload + 65_536)
  await served.neighbourGoesOn()
})

test('a compressed message of the largest size is taken', async () => {
  const served = await serveWithNeighbour('ws', { maxBytes }, (adapter) => ({
    ...compressing,
    maxPayload: adapter.maxPayload,
  }))
  const client = await byHand(served, compressing)
  client.say(hello())
  await client.hears('welcome')
  const around = JSON.stringify({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: '' }).length
  client.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', d: 'x'.repeat(maxBytes - around) })
  expect(await client.hears('ack')).toMatchObject({ n: 1 })
  await served.neighbourGoesOn()
})

test('a link that says nothing is closed when its time is over, whatever it does below the messages', async () => {
  const served = await serveWithNeighbour('ws', { helloTimeoutMs: 30 })
  const silent = await Promise.all(Array.from({ length: 20 }, () => byHand(served)))
  for (const { socket } of silent) socket.ping('are you there?')
  for (const client of silent) expect(await client.isClosed()).toMatchObject({ code: 4404 })
  expect(served.refused.map(({ code }) => code)).toEqual(Array(20).fill('helloTimeout'))
  expect(served.adapter.sessionCount).toBe(1)
  await served.neighbourGoesOn()
})

test('a page of another site opens nothing and resumes nothing, with the right key too, and disturbs nobody', async () => {
  const served = await serveWithNeighbour('ws', { allowedOrigins: ['https://app.example'] })
  const owner = await byHand(served, { origin: 'https://app.example' })
  owner.say(hello())
  await owner.hears('welcome')
  for (const fresh of [true, false]) {
    const page = await byHand(served, { origin: 'https://evil.example' })
    page.say(hello({ link: 2, fresh }))
    expect(await page.hears('reset')).toMatchObject({ code: 'origin-forbidden' })
    expect((await page.isClosed()).code).toBe(4410)
  }
  owner.say({ t: 'msg', seq: 1, id: 'm1', ch: 'ask', ask: true, d: 4 })
  expect(await owner.hears('msg')).toMatchObject({ re: 'm1', d: 8 })
  expect(owner.closed).toBeUndefined()
  await served.neighbourGoesOn()
})
