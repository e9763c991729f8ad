import type { Session } from '@lastword/sdk'
import { certificate } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { createAdapter } from '../src/index.ts'
import { run } from './child.ts'
import { later, open, type Scheme, schemes, serve, until, within } from './harness.ts'

const clean = { clean: true, code: 'finished', by: 'both' }

describe.each(schemes)('%s', (scheme: Scheme) => {
  test('shutdown ends every session in good order, and reports it', async () => {
    const { adapter, connect } = await serve(scheme)
    let finish: (() => void) | undefined
    adapter.onSession((session) => {
      session.handle('slow', async () => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return 'done'
      })
    })
    const [busy, idle] = [connect(), connect()]
    const answer = busy.request('slow')
    await idle.opened
    await until(() => finish, { what: 'the handler to start' })
    const shutdown = adapter.shutdown()
    expect(adapter.shutdown()).toBe(shutdown)
    expect(await within('the idle one', idle.closed)).toMatchObject(clean)
    const late = connect()
    expect(await within('the refusal', late.closed)).toMatchObject({ code: 'shutdown', by: 'peer' })
    finish?.()
    expect(await answer).toBe('done')
    expect(await within('shutdown', shutdown)).toEqual({ sessions: 2, clean: 2, moved: 0, unclean: [] })
    expect(await busy.closed).toMatchObject(clean)
  })

  test('what is not done within the deadline is ended with shutdown, and says so', async () => {
    const { adapter, connect, sessions, wss } = await serve(scheme)
    adapter.onSession((session) => session.handle('hang', () => new Promise(() => {})))
    const session = connect()
    const asked = later(session.request('hang', 1, { id: 'hangs' }))
    await session.opened
    await until(() => sessions.length === 1, { what: 'the session' })
    const report = await within('shutdown', adapter.shutdown({ deadlineMs: 50 }))
    expect(report).toMatchObject({
      sessions: 1,
      clean: 0,
      unclean: [
        {
          sessionId: session.id,
          report: { code: 'shutdown', by: 'local', incoming: { unhandled: ['hangs'] } },
        },
      ],
    })
    expect(wss.clients.size).toBe(0)
    expect(await within('the client', session.closed)).toMatchObject({ code: 'shutdown', by: 'peer' })
    await expect(asked).rejects.toMatchObject({ code: 'delivery-failed' })
  })

  test('the deadline ends the sessions that are left, whatever has become of the others by then', async () => {
    const { adapter, connect } = await serve(scheme)
    adapter.onSession((session) => session.handle('hang', () => new Promise(() => {})))
    const idle = connect()
    await idle.opened
    const busy = connect()
    const asked = later(busy.request('hang', 1, { id: 'hangs' }))
    await busy.opened
    await until(() => adapter.sessionCount === 2, { what: 'both sessions' })
    const shutdown = adapter.shutdown({ deadlineMs: 1000 })
    await idle.closed
    expect(await within('shutdown', shutdown)).toMatchObject({
      sessions: 2,
      unclean: expect.arrayContaining([
        expect.objectContaining({
          sessionId: busy.id,
          report: expect.objectContaining({ code: 'shutdown', by: 'local' }),
        }),
      ]),
    })
    await expect(asked).rejects.toMatchObject({ code: 'delivery-failed' })
  })

  test('connections that have not said hello are closed at once, whatever sessions still do', async () => {
    const { adapter, connect, raw, wss } = await serve(scheme)
    adapter.onSession((session) => session.handle('hang', () => new Promise(() => {})))
    const busy = connect()
    await busy.opened
    const hanging = later(busy.request('hang'))
    const socket = raw()
    let code: number | undefined
    socket.on('close', (closeCode) => {
      code = closeCode
    })
    await until(() => wss.clients.size === 2 && socket.readyState === socket.OPEN, {
      what: 'the connections',
    })
    const shutdown = adapter.shutdown({ deadlineMs: 60_000 })
    await until(() => code === 1001, { what: 'the close' })
    expect(busy.state).not.toBe('closed')
    busy.abort()
    expect(await within('shutdown', shutdown)).toMatchObject({ sessions: 1, clean: 0 })
    expect(wss.clients.size).toBe(0)
    await expect(hanging).rejects.toMatchObject({ code: 'delivery-failed' })
  })

  test('shutdown waits for connections that are still being decided upon', async () => {
    const { adapter, connect, wss } = await serve(scheme, {
      adapter: { authenticate: () => new Promise<string>(() => {}), authenticateTimeoutMs: 60_000 },
    })
    const session = connect({ reconnect: { nextDelayMs: () => 60_000 } })
    await until(() => wss.clients.size === 1, { what: 'the connection' })
    expect(await within('shutdown', adapter.shutdown())).toEqual({
      sessions: 0,
      clean: 0,
      moved: 0,
      unclean: [],
    })
    expect(wss.clients.size).toBe(0)
    expect(session.state).toBe('connecting')
  })

  test('a process that exits right after shutdown takes nothing away', async () => {
    const { key, cert } = await certificate()
    const child = await run(new URL('./children/exit-after-shutdown.ts', import.meta.url), {
      scheme,
      key,
      cert,
    })
    const port = (await until(() => child.said[0], { what: 'the server', timeoutMs: 20_000 })) as number
    const session = open(`${scheme}://localhost:${port}/`, { tls: { ca: cert } })
    const got: number[] = []
    session.handle('n', (n: number) => {
      got.push(n)
    })
    await session.opened
    child.tell('go')
    expect(await within('the client', session.closed)).toMatchObject(clean)
    expect(got).toEqual(Array.from({ length: 500 }, (_, n) => n))
    await until(() => child.exit, { what: 'the exit' })
    expect(child.exit).toMatchObject({ code: 0 })
    expect(child.said.at(-1)).toEqual({ sessions: 1, clean: 1, moved: 0, unclean: [] })
  })
})

test('a server whose session waits for its client shuts down within the deadline', async () => {
  const { adapter, connect, proxy, sessions } = await serve('ws', { onConnection: () => {} })
  const session = connect({ reconnect: { nextDelayMs: () => 60_000 } })
  await session.opened
  await proxy.refuse(true)
  proxy.cutAll('reset')
  await until(() => (sessions[0] as Session).state === 'recovering', { what: 'the server to notice' })
  expect(await within('shutdown', adapter.shutdown({ deadlineMs: 50 }))).toMatchObject({
    sessions: 1,
    unclean: [{ report: { code: 'shutdown' } }],
  })
})

test('a client and a server that have closed everything let their process exit by itself', async () => {
  const { key, cert } = await certificate()
  const child = await run(new URL('./children/exit-by-itself.ts', import.meta.url), { key, cert })
  await until(() => child.exit, { what: 'the exit', timeoutMs: 20_000 })
  expect(child.exit).toMatchObject({ code: 0 })
  const [{ closedAt }] = child.said as [{ closedAt: number }]
  // Far below the timers that are armed while sessions live: keepalive, hello, linger.
  expect((child.exit as { at: number }).at - closedAt).toBeLessThan(4_000)
})

test('a deadline that is none is refused at the call', () => {
  const adapter = createAdapter()
  for (const options of [{ deadlineMs: -1 }, { deadlineMs: Number.NaN }, { deadlineMs: '5' }, null, 5]) {
    expect(() => adapter.shutdown(options as never)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid' }),
    )
  }
})

test('a link that comes after the shutdown is sent away at once', async () => {
  const { adapter, raw } = await serve('ws', { adapter: { helloTimeoutMs: 60_000 } })
  await adapter.shutdown()
  const socket = raw()
  const code = await within('the close', new Promise((resolve) => socket.once('close', resolve)))
  expect(code).toBe(1001)
})
