import { DeliveryError, type Session, type TraceEvent } from '@lastword/sdk'
import type { ProxyConnection } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { envelopesOf, later, type Scheme, schemes, serve, until, within } from './harness.ts'

const clean = { clean: true, code: 'finished', by: 'both' }
const quickly = { nextDelayMs: () => 0 }

/** A conversation with ten requests and messages back, closed by both, over connections that a test hurts. */
async function converse(scheme: Scheme, hurt: (connection: ProxyConnection) => void, early = true) {
  const { adapter, connect, sessions, proxy } = await serve(scheme, {
    adapter: { keepaliveMs: 500 },
    onConnection: hurt,
  })
  const asked: number[] = []
  const told: number[] = []
  adapter.onSession((session) => {
    session.handle('ask', (n: number) => {
      asked.push(n)
      void session.send('tell', n).catch(() => {})
      return n * 2
    })
  })
  const session = connect({ reconnect: quickly, early, welcomeTimeoutMs: 1_000, connectTimeoutMs: 1_000 })
  session.handle('tell', (n: number) => {
    told.push(n)
  })
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  const half = await within(
    'the first answers',
    Promise.all(numbers.slice(0, 5).map((n) => session.request('ask', n))),
  )
  const rest = later(Promise.all(numbers.slice(5).map((n) => session.request('ask', n))))
  const report = await within('the close', session.close(), 20_000)
  expect([...half, ...(await rest)]).toEqual(numbers.map((n) => n * 2))
  expect(asked).toEqual(numbers)
  expect(told).toEqual(numbers)
  expect(report).toMatchObject(clean)
  expect(sessions).toHaveLength(1)
  expect(await within('the server’s report', (sessions[0] as Session).closed)).toMatchObject(clean)
  return { links: proxy.accepted }
}

describe.each(schemes)('%s', (scheme) => {
  test.each([
    ['toClient', 'reset'],
    ['toClient', 'end'],
    ['toServer', 'destroy'],
    ['toServer', 'reset'],
  ] as const)(
    'a connection that is cut %s (%s), wherever it is, loses nothing and repeats nothing',
    async (way, how) => {
      let unhurt: ProxyConnection | undefined
      await converse(scheme, (connection) => {
        unhurt ??= connection
      })
      const total = (unhurt as ProxyConnection)[way].bytesForwarded
      // Over the whole conversation, and closely where it closes.
      const positions = Array.from({ length: 10 }, (_, n) => Math.round((total * (n + 0.5)) / 10))
      for (let n = 1; n <= 10; n++) positions.push(total - 12 * n)
      let hits = 0
      for (const position of positions) {
        const { links } = await converse(scheme, (connection) => {
          if (connection.index === 0) connection[way].cutAfter(position, how)
        })
        if (links > 1) hits++
      }
      // What is cut behind the last acknowledgement needs no other connection.
      expect(hits).toBeGreaterThan(8)
    },
  )

  test('one connection after the other is cut, each a little later', async () => {
    const { links } = await converse(scheme, (connection) => {
      if (connection.index < 12) {
        connection.toClient.cutAfter((scheme === 'ws' ? 150 : 1_200) + connection.index * 97, 'reset')
      }
    })
    expect(links).toBeGreaterThan(3)
  })

  test('the same without early frames', async () => {
    await converse(
      scheme,
      (connection) => {
        if (connection.index < 12) {
          connection.toServer.cutAfter((scheme === 'ws' ? 400 : 1_200) + connection.index * 97, 'reset')
        }
      },
      false,
    )
  })

  test('a link that goes silent is found dead by keepalive, and the session goes on over another', async () => {
    const { adapter, connect, sessions, proxy } = await serve(scheme, {
      adapter: { keepaliveMs: 100 },
      onConnection: () => {},
    })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    const session = connect({ reconnect: quickly })
    expect(await session.request('ask', 1)).toBe(2)
    const silent = proxy.connections[0] as ProxyConnection
    silent.toClient.stall()
    silent.toServer.stall()
    const began = performance.now()
    expect(await within('an answer', session.request('ask', 2))).toBe(4)
    const took = performance.now() - began
    // Two intervals, and what a busy machine adds; far below the 5 s that the dead link lingers.
    expect(took).toBeGreaterThan(100)
    expect(took).toBeLessThan(3_000)
    silent.cut('reset')
    expect(await within('the close', session.close())).toMatchObject(clean)
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
  })

  test('a server that cannot be reached for a while loses nothing', async () => {
    const { adapter, connect, proxy } = await serve(scheme, { onConnection: () => {} })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    await proxy.refuse(true)
    const session = connect({ reconnect: { nextDelayMs: () => 5 } })
    const attempts: number[] = []
    session.on('connecting', ({ attempt }) => attempts.push(attempt))
    const errors: unknown[] = []
    session.on('disconnected', (error) => errors.push(error))
    const answer = session.request('ask', 4)
    await until(() => errors.length >= 3, { what: 'three attempts' })
    expect(errors[0]).toMatchObject({ code: 'handshake-failed', reason: 'unreachable' })
    expect(attempts.slice(0, 3)).toEqual([1, 2, 3])
    await proxy.refuse(false)
    expect(await within('the answer', answer)).toBe(8)
    await proxy.refuse(true)
    proxy.cutAll('reset')
    await until(() => session.state === 'recovering', { what: 'the loss to be noticed' })
    const second = session.request('ask', 5)
    const closing = session.close()
    await proxy.refuse(false)
    expect(await within('the answer', second)).toBe(10)
    expect(await within('the close', closing)).toMatchObject(clean)
  })

  test('an early frame that was acted upon, on a connection that died before its answer, is acted upon once', async () => {
    const { adapter, connect, sessions } = await serve(scheme, {
      onConnection(connection) {
        // The request reaches the server, and nothing of its answer the client.
        if (connection.index === 0) connection.toClient.at(scheme === 'ws' ? 0 : 1_000, () => {})
        if (connection.index === 0 && scheme === 'ws') connection.toClient.stall()
      },
    })
    let handled = 0
    adapter.onSession((session) => {
      session.handle('pay', () => `paid ${++handled}`)
    })
    const trace: TraceEvent[] = []
    const session = connect({
      reconnect: quickly,
      connectTimeoutMs: 300,
      trace: (event) => trace.push(event),
    })
    expect(await within('the answer', session.request('pay'))).toBe('paid 1')
    expect(sessions).toHaveLength(1)
    expect(await session.close()).toMatchObject(clean)
    if (scheme === 'ws') expect(envelopesOf(trace, 'out').filter((t) => t === 'hello')).toHaveLength(2)
  })

  test('something on the way that resets long upgrade requests gets a plain one', async () => {
    const { adapter, connect, proxy } = await serve(scheme, {
      onConnection(connection) {
        // The handshake of TLS passes; a request with an early frame of 4 KB does not.
        connection.toServer.at(scheme === 'ws' ? 1_500 : 2_500, () => {
          if (connection.index === 0) connection.cut('reset')
        })
      },
    })
    adapter.onSession((session) => session.handle('ask', (text: string) => text.length))
    const session = connect({ reconnect: { nextDelayMs: () => 60_000 } })
    const errors: unknown[] = []
    session.on('disconnected', (error) => errors.push(error))
    expect(await within('the answer', session.request('ask', 'x'.repeat(3_000)))).toBe(3_000)
    // It was the same attempt: no error, and no waiting.
    expect(errors).toEqual([])
    expect(proxy.accepted).toBe(2)
    expect(await session.close()).toMatchObject(clean)
  })

  test('the last acknowledgement is lost: the client says it again, and the server’s report is clean', async () => {
    const { adapter, connect, sessions, proxy } = await serve(scheme, { onConnection: () => {} })
    adapter.onSession((session) => session.handle('offer', () => 'answer'))
    const session = connect({ reconnect: quickly })
    expect(await session.request('offer')).toBe('answer')
    const connection = proxy.connections[0] as ProxyConnection
    // The client closes first; from the moment on in which the server answers that, nothing more reaches the server.
    const before = connection.toClient.bytesForwarded
    connection.toClient.onBytes((total) => {
      if (total > before) connection.toServer.stall()
    })
    const events: string[] = []
    for (const name of ['connecting', 'disconnected', 'recovering', 'closed'] as const) {
      session.on(name, () => events.push(name))
    }
    const closing = session.close()
    await until(() => session.state === 'closed', { what: 'the client’s end' })
    expect(sessions[0]?.state).not.toBe('closed')
    connection.cut('reset')
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
    expect(await within('the client', closing)).toMatchObject(clean)
    // What is still done behind closed is nobody’s business.
    expect(events).toEqual(['closed'])
  })

  test('a second holder of the link’s place takes over, and the first link is told', async () => {
    const { adapter, connect, sessions, proxy } = await serve(scheme, { onConnection: () => {} })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    const session = connect({ reconnect: quickly })
    expect(await session.request('ask', 1)).toBe(2)
    // The client loses its link while the server still believes in it.
    const first = proxy.connections[0] as ProxyConnection
    first.toServer.stall()
    first.toClient.halfClose()
    expect(await within('an answer', session.request('ask', 2))).toBe(4)
    expect(sessions).toHaveLength(1)
    first.cut('reset')
    expect(await within('the close', session.close())).toMatchObject(clean)
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
  })
})

test('a session that nobody resumes expires, and its client learns every fate when it comes back', async () => {
  const { adapter, connect, sessions, proxy } = await serve('ws', {
    adapter: { ttlMs: 60 },
    onConnection: () => {},
  })
  adapter.onSession((session) => session.handle('work', () => new Promise(() => {})))
  const session = connect({ reconnect: { nextDelayMs: () => 20 } })
  const seen = later(session.request('work', 1, { id: 'left' }))
  const there = await until(() => sessions[0], { what: 'a session' })
  await session.opened
  await proxy.refuse(true)
  proxy.cutAll('reset')
  await until(() => there.state === 'recovering', { what: 'the server to notice' })
  const back = later(there.send('news', 1, { id: 'never-left' }))
  const waiting = later(session.send('work', 2, { id: 'waits' }))
  const report = await within('the expiry', there.closed)
  expect(report).toMatchObject({ clean: false, code: 'expired', by: 'local', notSent: ['never-left'] })
  expect(report.incoming.unhandled).toEqual(['left'])
  await expect(back).rejects.toMatchObject({ fate: 'not-sent' })
  await until(() => adapter.sessionCount === 0, { what: 'the adapter to forget it' })
  await proxy.refuse(false)
  expect(await within('the client', session.closed)).toMatchObject({
    clean: false,
    code: 'session-unknown',
    by: 'peer',
  })
  const { error } = (await seen.catch((error: unknown) => ({ error }))) as { error: unknown }
  expect(error).toBeInstanceOf(DeliveryError)
  expect((error as DeliveryError).fate).not.toBe('not-sent')
  await expect(waiting).rejects.toMatchObject({ fate: 'not-sent', messageId: 'waits' })
})

test('a client whose policy gives up rejects what waits with its fate, and the reason', async () => {
  const { connect, proxy } = await serve('ws', { onConnection: () => {} })
  await proxy.refuse(true)
  const session = connect({ reconnect: { nextDelayMs: ({ attempt }) => (attempt > 3 ? null : 0) } })
  const opened = later(session.opened)
  const sent = later(session.send('n', 1))
  const report = await within('the end', session.closed)
  expect(report).toMatchObject({ clean: false, code: 'aborted', by: 'local', notSent: [expect.any(String)] })
  await expect(opened).rejects.toMatchObject({ reason: 'unreachable' })
  await expect(sent).rejects.toMatchObject({ fate: 'not-sent', cause: { reason: 'unreachable' } })
})
