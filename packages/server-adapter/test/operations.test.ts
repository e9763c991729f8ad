import { createHook } from 'node:async_hooks'
import net from 'node:net'
import { Writable } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { type Served, serve } from './harness.ts'

/**
 * What a connection costs, in operations of both sides together: machines differ in speed, and not in how often something
 * is done. Each bound is what was counted, and a little more.
 */
const conversations = 100

afterEach(() => vi.restoreAllMocks())

test('a connection with one request takes so many promises, timers and ends of turns, and no more', async () => {
  const served = await answering()
  await haveMany(served, 10)
  const made = await madeBy(() => haveMany(served, conversations))
  const each = (type: string) => (made.get(type) ?? 0) / conversations
  expect(each('PROMISE'), 'promises').toBeLessThanOrEqual(promisesMax)
  expect(each('Timeout'), 'timers').toBeLessThanOrEqual(timersMax)
  expect(each('Immediate'), 'ends of turns').toBeLessThanOrEqual(immediatesMax)
})

test('a connection writes six times in all, as often as one of bare ws that asks once', async () => {
  const served = await answering()
  await haveMany(served, 10)
  const writes = [
    vi.spyOn(net.Socket.prototype, '_write'),
    vi.spyOn(net.Socket.prototype, '_writev' as never),
  ]
  await haveMany(served, conversations)
  const calls = writes.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
  expect(calls).toBeLessThanOrEqual(6.2 * conversations)
})

test('ending what has ended makes an error that nobody sees: once a side, which is all that ws does itself', async () => {
  const served = await answering()
  await haveMany(served, 10)
  let endedAgain = 0
  const { end } = Writable.prototype
  vi.spyOn(Writable.prototype, 'end').mockImplementation(function (this: Writable, ...args: unknown[]) {
    if (this.writableFinished) endedAgain++
    return (end as (...args: unknown[]) => Writable).apply(this, args)
  })
  await haveMany(served, conversations)
  // Two in all, and four if it is waited for. Where the end of the peer comes first, ws hears of it all the same.
  expect(endedAgain).toBeLessThan(3.5 * conversations)
})

test('nothing is added to the options of a client’s socket, for each copy of them would be of a kind of its own', async () => {
  const served = await answering()
  const connect = vi.spyOn(net, 'connect')
  await have(served)
  const [options] = connect.mock.calls[0] as unknown[]
  expect(options).toMatchObject({
    allowHalfOpen: false,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  })
})

const promisesMax = 28
const timersMax = 11
const immediatesMax = 11

async function answering(): Promise<Served> {
  const served = await serve('ws')
  served.adapter.onSession((session) => {
    session.handle('offer', (payload) => payload)
  })
  return served
}

async function have(served: Served): Promise<void> {
  const session = served.connect()
  await session.request('offer', 'sdp')
  expect((await session.close()).clean).toBe(true)
}

async function haveMany(served: Served, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await have(served)
}

/** How many things of each type Node has made meanwhile. */
async function madeBy(work: () => Promise<void>): Promise<Map<string, number>> {
  const made = new Map<string, number>()
  const hook = createHook({
    init(_, type) {
      made.set(type, (made.get(type) ?? 0) + 1)
    },
  })
  hook.enable()
  await work()
  hook.disable()
  return made
}
