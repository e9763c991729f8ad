import { createHook } from 'node:async_hooks'
import { SeqRing } from '@lastword/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { frameBytesGoal } from '../src/index.ts'
import type { MemoryLink } from './memory-link.ts'
import { type Pair, type PairOptions, pair, type Side } from './pair.ts'

/**
 * What messages cost, in operations: machines differ in speed, and not in how often something is done. Each bound is
 * what is needed and a little more; whoever makes something for each message finds it here.
 */
const messages = 1000
/** Of an object with a number of up to five digits, a text and no more: 64 bytes of JSON. */
const text = 'x'.repeat(42)

afterEach(() => vi.restoreAllMocks())

describe('a thousand messages of 64 bytes', () => {
  test('are serialised once each, and parsed once a frame', async () => {
    const { client, links, settle } = await listening()
    const stringify = vi.spyOn(JSON, 'stringify')
    const parse = vi.spyOn(JSON, 'parse')
    send(client)
    await settle()
    expect(stringify).toHaveBeenCalledTimes(messages)
    expect(parse).toHaveBeenCalledTimes(framesOf(links))
  })

  test('go in frames that are full, and are acknowledged once a turn', async () => {
    const { client, links, settle } = await listening()
    send(client)
    await settle()
    const [near, far] = links
    const bytes = near.sent.reduce((sum, frame) => sum + frame.length, 0)
    // The first ones are smaller, each a quarter of what is under way: a frame more for each time that it doubles.
    expect(near.sent.length).toBeLessThanOrEqual(Math.ceil(bytes / (frameBytesGoal - 256)) + 9)
    expect(far.sent.length).toBeLessThanOrEqual(2)
    for (const frame of near.sent) expect(frame.length).toBeLessThanOrEqual(frameBytesGoal)
  })

  test('take a promise each, and their caller another one', async () => {
    const { client, settle } = await listening()
    const promises = await promisesMadeBy(async () => {
      send(client)
      await settle()
    })
    // One that `send` returns, and one that `Promise.all` makes of it.
    expect(promises).toBeLessThan(2.1 * messages)
  })

  test('take no timer, no end of turn, no Map and no Set of their own', async () => {
    const { client, platform, settle } = await listening()
    const spies = [
      vi.spyOn(platform, 'setTimer'),
      vi.spyOn(platform, 'endOfTurn'),
      vi.spyOn(platform, 'now'),
      vi.spyOn(Map.prototype, 'set'),
      vi.spyOn(Map.prototype, 'delete'),
      vi.spyOn(Set.prototype, 'add'),
      vi.spyOn(Set.prototype, 'delete'),
      vi.spyOn(WeakSet.prototype, 'add'),
      vi.spyOn(AbortSignal.prototype, 'addEventListener'),
    ]
    send(client)
    await settle()
    const calls = spies.map((spy) => [spy.getMockName(), spy.mock.calls.length] as const)
    vi.restoreAllMocks()
    for (const [name, count] of calls) expect(count, name).toBeLessThan(messages / 10)
  })
})

describe('a thousand requests', () => {
  test('are serialised twice each, reply and all, and take no Map and no Set', async () => {
    const { client, settle } = await listening()
    const stringify = vi.spyOn(JSON, 'stringify')
    const spies = [
      vi.spyOn(Map.prototype, 'set'),
      vi.spyOn(Map.prototype, 'delete'),
      vi.spyOn(Set.prototype, 'add'),
      vi.spyOn(Set.prototype, 'delete'),
    ]
    const asked = Array.from({ length: messages }, (_, n) => client.session.request('echo', { n, text }))
    await settle()
    const calls = spies.map((spy) => [spy.getMockName(), spy.mock.calls.length] as const)
    expect(stringify).toHaveBeenCalledTimes(2 * messages)
    vi.restoreAllMocks()
    await Promise.all(asked)
    for (const [name, count] of calls) expect(count, name).toBeLessThan(messages / 10)
  })
})

describe('what is in flight costs nothing to have', () => {
  test('a message takes as many looks behind sixteen thousand others as behind ten', async () => {
    const few = await looksBehind(10)
    const many = await looksBehind(16_000)
    expect(many).toBeLessThan(1.1 * few)
    expect(few).toBeLessThan(20 * messages)
  })

  test('a thousand messages are sent again on the next link with as many looks, whatever was acknowledged before', async () => {
    expect(await looksOfReplayAfter(16_000)).toBeLessThan(1.1 * (await looksOfReplayAfter(10)))
  })
})

/** Looks into the rings while a thousand messages are sent and handled behind others that are not. */
async function looksBehind(others: number): Promise<number> {
  const { client, server, settle } = await connected({ windowMessages: 32_768 })
  const handled: Array<() => void> = []
  server.session.handle('wait', () => new Promise<void>((resolve) => handled.push(resolve)))
  server.session.handle('take', () => {})
  const waiting = Array.from({ length: others }, () => client.session.send('wait'))
  await settle()
  expect(handled).toHaveLength(others)
  const looks = await looksOf(async () => {
    send(client)
    await settle()
  })
  for (const resolve of handled) resolve()
  await settle()
  await Promise.all(waiting)
  return looks
}

/** The same for what is sent again, because its link was lost. */
async function looksOfReplayAfter(before: number): Promise<number> {
  const made = await connected({ windowMessages: 32_768 })
  const { client, server, settle } = made
  server.session.handle('take', () => {})
  await Promise.all([...sent(client, before), settle()])
  made.links[1].deaf = true
  const lost = sent(client, messages)
  await settle()
  const looks = await looksOf(async () => {
    await made.lose()
    await made.link()
    await settle()
  })
  await Promise.all(lost)
  return looks
}

async function looksOf(work: () => Promise<void>): Promise<number> {
  const spies = [vi.spyOn(SeqRing.prototype, 'get'), vi.spyOn(SeqRing.prototype, 'set')]
  await work()
  const looks = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
  vi.restoreAllMocks()
  return looks
}

async function promisesMadeBy(work: () => Promise<void>): Promise<number> {
  let made = 0
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') made++
    },
  })
  hook.enable()
  await work()
  hook.disable()
  return made
}

interface Connected extends Pair {
  settle(): Promise<void>
}

async function connected(options?: PairOptions): Promise<Connected> {
  const made = await pair(options)
  for (const link of made.links) link.sent.length = 0
  return Object.assign(made, { settle: () => made.platform.settle() })
}

/** A server that takes messages and answers requests, and a client whose compiler has seen one of each. */
async function listening(): Promise<Connected> {
  const made = await connected()
  made.server.session.handle('take', () => {})
  made.server.session.handle('echo', (payload) => payload)
  const { session } = made.client
  const first = [session.send('take', { n: 0, text }), session.request('echo', { n: 0, text })]
  await made.settle()
  await Promise.all(first)
  await made.settle()
  for (const link of made.links) link.sent.length = 0
  return made
}

/** Sends them all in one turn. */
function send(side: Side): void {
  void Promise.all(sent(side, messages))
}

function sent({ session }: Side, count: number): Promise<void>[] {
  return Array.from({ length: count }, (_, n) => session.send('take', { n, text }))
}

function framesOf(links: [MemoryLink, MemoryLink]): number {
  return links[0].sent.length + links[1].sent.length
}
