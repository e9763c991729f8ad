import { createServer as createHttpsServer } from 'node:https'
import { certificate, listen } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { atTheEnd, later, type Served, serve, until, within } from './harness.ts'

const quickly = { nextDelayMs: () => 0 }

/** Another server, on a port of its own, that knows the same sessions. */
async function secondServer({ adapter }: Served): Promise<{ port: number; links: () => number }> {
  const { key, cert } = await certificate()
  const server = createHttpsServer({ key, cert })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  const port = await listen(server)
  atTheEnd(() => {
    for (const client of wss.clients) client.terminate()
    server.close()
  })
  return { port, links: () => wss.clients.size }
}

/** A session with a request under way whose handler waits for the test. */
async function busy(served: Served) {
  let answer!: (value: string) => void
  const begun = new Promise<void>((resolve) => {
    served.adapter.onSession((session) => {
      session.handle('slow', () => {
        resolve()
        return new Promise((settle) => {
          answer = settle
        })
      })
      session.handle('n', (n: number) => n)
    })
  })
  const session = served.connect({ reconnect: quickly })
  const events: string[] = []
  for (const event of ['open', 'recovering', 'recovered', 'away', 'disconnected', 'closed'] as const) {
    session.on(event, () => events.push(event))
  }
  const slow = later(session.request('slow'))
  await within('the request', begun)
  return { session, slow, answer: (value: string) => answer(value), events }
}

test('a client that is asked away moves to another link before it leaves, and what is under way goes on', async () => {
  const served = await serve('wss')
  const { session, slow, answer, events } = await busy(served)
  let links = 0
  served.server.on('upgrade', () => links++)
  served.adapter.away({ afterMs: 0 })
  await until(() => links === 1 && served.wss.clients.size === 1, { what: 'the second link' })
  answer('done')
  expect(await within('the answer', slow)).toBe('done')
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(events).toEqual(['open', 'away', 'closed'])
})

test('goes where the server says, and its session with it', async () => {
  const served = await serve('wss')
  const second = await secondServer(served)
  const { session, slow, answer, events } = await busy(served)
  served.adapter.away({ afterMs: 0, location: `wss://localhost:${second.port}/there` })
  await until(() => second.links() === 1 && served.wss.clients.size === 0, { what: 'the move' })
  expect(await within('a request', session.request('n', 7))).toBe(7)
  answer('done')
  expect(await within('the answer', slow)).toBe('done')
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(events).toEqual(['open', 'away', 'closed'])
})

test('stays where it is when nobody answers there, or nobody knows it', async () => {
  const served = await serve('wss')
  const stranger = await serve('wss')
  const { session, slow, answer, events } = await busy(served)
  served.adapter.away({ afterMs: 0, location: `wss://localhost:${stranger.port}/` })
  let refused = 0
  stranger.adapter.on('refused', ({ code }) => {
    if (code === 'session-unknown') refused++
  })
  await until(() => refused === 1, { what: 'the refusal' })
  expect(await within('a request', session.request('n', 7))).toBe(7)
  answer('done')
  expect(await within('the answer', slow)).toBe('done')
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(events).toEqual(['open', 'away', 'closed'])
})

test('does not follow from TLS to where there is none', async () => {
  const served = await serve('wss')
  const bare = await serve('ws')
  let called = 0
  bare.server.on('upgrade', () => called++)
  const { session } = await busy(served)
  let links = 0
  served.server.on('upgrade', () => links++)
  served.adapter.away({ afterMs: 0, location: bare.url })
  await until(() => links === 1, { what: 'the second link' })
  session.abort()
  await within('the end', session.closed)
  expect(called).toBe(0)
})

test('away and shutdown refuse a location that is none', async () => {
  const { adapter } = await serve('ws')
  for (const location of ['', 'x'.repeat(2049), 7 as never, 'http://[']) {
    expect(() => adapter.away({ afterMs: 0, location })).toThrow(/location/)
    expect(() => adapter.shutdown({ location })).toThrow(/location/)
  }
})
