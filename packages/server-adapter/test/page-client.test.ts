// A page's client against a real adapter over real sockets: `ws` has the browser's interface.
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { PageConnectOptions, PageSession } from '../../sdk/src/page/connect-options.ts'
import { connect } from '../../sdk/src/page/index.ts'
import { polling } from '../../sdk/src/polling.ts'
import { atTheEnd, serve, until, within } from './harness.ts'

function open(url: string, options: PageConnectOptions = {}): PageSession {
  vi.stubGlobal('WebSocket', WebSocket)
  const session = connect(url, options)
  session.on('error', () => {})
  atTheEnd(async () => {
    session.abort()
    await session.closed
    vi.unstubAllGlobals()
  })
  return session
}

test('an Offer, its Answer, and a server that closes at once: nothing is lost, and both reports are clean', async () => {
  const served = await serve('ws')
  served.adapter.onSession((session) => {
    session.handle('offer', (sdp) => {
      void session.close()
      return `answer to ${sdp}`
    })
  })
  for (let round = 0; round < 20; round++) {
    const session = open(served.url)
    expect(await within('the answer', session.request('offer', `sdp ${round}`))).toBe(
      `answer to sdp ${round}`,
    )
    expect(await within('the end', session.closed)).toMatchObject({ clean: true })
    const far = served.sessions[round]
    expect(await within('the other end', far?.closed as Promise<unknown>)).toMatchObject({ clean: true })
  }
})

test('both ways, in order, with bytes and schemas, and closed from here', async () => {
  const served = await serve('ws')
  const got: unknown[] = []
  served.adapter.onSession((session) => {
    session.handle('n', (n) => {
      got.push(n)
    })
    session.handle('sum', async (list: number[]) => {
      return String(await session.request('add', list))
    })
  })
  const session = open(served.url, {
    contract: {
      n: {},
      sum: { payload: z.array(z.number()), reply: z.string().transform(Number) },
      add: {},
      bytes: {},
    },
  })
  session.handle('add', (list: number[]) => list.reduce((sum, one) => sum + one, 0))
  const sent = Array.from({ length: 300 }, (_, n) => session.send('n', n))
  expect(await within('the sum', session.request('sum', [1, 2, 3]))).toBe(6)
  await within('all of them', Promise.all(sent))
  await within('bytes', session.send('n', new Uint8Array([1, 2])))
  expect(got.slice(0, 300)).toEqual(Array.from({ length: 300 }, (_, n) => n))
  expect([...(got[300] as Uint8Array)]).toEqual([1, 2])
  expect(await within('the close', session.close())).toMatchObject({ clean: true, handledTotal: 303 })
})

test('links that are cut in the middle cost nothing', async () => {
  const served = await serve('ws', { onConnection() {} })
  const got: number[] = []
  served.adapter.onSession((session) => {
    session.handle('n', (n: number) => {
      got.push(n)
    })
  })
  const session = open(served.url, { reconnect: { nextDelayMs: () => 1 } })
  const sent: Promise<void>[] = []
  for (let round = 0; round < 5; round++) {
    await until(() => session.state === 'open', { what: 'the session to be open' })
    for (let n = 0; n < 40; n++) sent.push(session.send('n', round * 40 + n))
    served.proxy.cutAll('reset')
    await until(() => session.state !== 'open', { what: 'the loss to be seen' })
  }
  await within('all of them', Promise.all(sent))
  expect(got).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
})

test('where no WebSocket gets through, polling does', async () => {
  const served = await serve('ws')
  served.server.on('request', (request, response) => served.adapter.request(request, response))
  served.adapter.onSession((session) => {
    session.handle('offer', () => 'answer')
  })
  class Blocked extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url.replace('localhost', '127.0.0.1').replace(/\d+\/$/, '1/'), protocols)
    }
  }
  const session = open(served.url, { fallback: polling, reconnect: { nextDelayMs: () => 1 } })
  vi.stubGlobal('WebSocket', Blocked)
  expect(await within('the answer', session.request('offer', 'sdp'))).toBe('answer')
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
})
