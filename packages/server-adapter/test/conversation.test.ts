import { contract, RemoteError, type Session, type TraceEvent } from '@lastword/sdk'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { later, schemes, serve, until, within } from './harness.ts'

const clean = { clean: true, code: 'finished', by: 'both' }

describe.each(schemes)('%s', (scheme) => {
  test('an Answer arrives when the server closes at once', async () => {
    const { adapter, connect, sessions } = await serve(scheme)
    adapter.onSession((session) => {
      session.handle('offer', (payload: { sdp: string }) => {
        void session.close()
        return { sdp: `answer to ${payload.sdp}` }
      })
    })
    const session = connect()
    expect(await session.request('offer', { sdp: 'x' })).toEqual({ sdp: 'answer to x' })
    expect(await session.close()).toMatchObject(clean)
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
    await until(() => adapter.sessionCount === 0, { what: 'the adapter to forget the session' })
  })

  test('a client that sends, asks and closes in one turn gets its answer', async () => {
    const { adapter, connect, sessions } = await serve(scheme)
    const got: unknown[] = []
    adapter.onSession((session) => {
      session.handle('candidate', (c) => {
        got.push(c)
      })
      session.handle('offer', async () => 'answer')
    })
    const session = connect()
    const sent = [1, 2, 3].map((n) => session.send('candidate', n))
    const answer = session.request('offer')
    const report = await session.close()
    expect(await answer).toBe('answer')
    await Promise.all(sent)
    expect(got).toEqual([1, 2, 3])
    expect(report).toMatchObject({ ...clean, handledTotal: 4, incoming: { handledTotal: 1 } })
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
  })

  test('both sides talk, loop and close at once', async () => {
    const { adapter, connect, sessions } = await serve(scheme)
    const heard: unknown[] = []
    adapter.onSession(async (session) => {
      for await (const message of session) {
        if (message.isRequest) await message.reply(session.request('back'))
        else heard.push(message.payload)
      }
    })
    const session = connect()
    session.handle('back', () => 'and forth')
    await session.send('n', 1)
    const [client, server] = await Promise.all([
      session.close(),
      until(() => sessions[0], { what: 'a session' }).then((there) => there.close()),
    ])
    expect(client).toMatchObject(clean)
    expect(server).toMatchObject(clean)
    expect(heard).toEqual([1])
  })

  test('late answers of a halfOpen server arrive after the client has closed', async () => {
    const { adapter, connect } = await serve(scheme, { adapter: { halfOpen: true } })
    adapter.onSession((session) => {
      async function sayMore() {
        for (let n = 0; n < 3; n++) await session.send('late', n)
        await session.close()
      }
      session.on('closing', () => void sayMore())
    })
    const session = connect()
    const got: unknown[] = []
    session.handle('late', (n) => {
      got.push(n)
    })
    await session.opened
    expect(await session.close()).toMatchObject(clean)
    expect(got).toEqual([0, 1, 2])
  })

  test('bytes and large messages go both ways', async () => {
    const { adapter, connect } = await serve(scheme)
    adapter.onSession((session) => session.handle('echo', (payload) => payload))
    const session = connect()
    const bytes = new Uint8Array(900_000).map((_, n) => n % 251)
    const text = 'ä'.repeat(500_000)
    const answers = Promise.all([session.request('echo', bytes), session.request('echo', text)])
    expect(await session.request('echo', 'small')).toBe('small')
    const [bytesBack, textBack] = await answers
    expect(Buffer.compare(Buffer.from(bytesBack), Buffer.from(bytes))).toBe(0)
    expect(textBack).toBe(text)
    await expect(session.send('echo', 'x'.repeat(1024 * 1024))).rejects.toMatchObject({
      code: 'payload-too-large',
    })
    expect(await session.close()).toMatchObject(clean)
  })

  test('a contract holds on both sides', async () => {
    const signaling = contract({
      offer: {
        payload: z.object({ n: z.string().transform(Number) }),
        reply: z.object({ twice: z.number() }),
      },
    })
    const { adapter, connect } = await serve(scheme, {
      adapter: { contract: contract({ offer: { reply: z.any() } }) },
    })
    adapter.onSession((session) => {
      session.handle('offer', ({ n }: { n: number }) => {
        if (n === 0) throw new RemoteError('zero', 'that is nothing')
        return n === 1 ? 'one' : { twice: 2 * n }
      })
    })
    const session = connect({ contract: signaling }) as Session<typeof signaling>
    expect(await session.request('offer', { n: '4' })).toEqual({ twice: 8 })
    await expect(session.request('offer', { n: '0' })).rejects.toMatchObject({ remoteCode: 'zero' })
    await expect(session.request('offer', { n: '1' })).rejects.toMatchObject({ code: 'payload-invalid' })
    await expect(session.request('offer', { n: 5 as never })).rejects.toMatchObject({
      code: 'payload-invalid',
    })
  })

  test('cancelling reaches the handler of the other side', async () => {
    const { adapter, connect } = await serve(scheme)
    let signal: AbortSignal | undefined
    adapter.onSession((session) => {
      session.handle('search', (_, message) => {
        signal = message.signal
        return new Promise(() => {})
      })
    })
    const session = connect()
    const controller = new AbortController()
    const found = later(session.request('search', 1, { signal: controller.signal }))
    await until(() => signal, { what: 'the handler to start' })
    controller.abort()
    await expect(found).rejects.toMatchObject({ code: 'delivery-failed' })
    await until(() => signal?.aborted, { what: 'the handler to be told' })
  })

  test('more than the window holds, in both directions at once, arrives once and in order', async () => {
    const options = { window: { messages: 16 } }
    const { adapter, connect, sessions } = await serve(scheme, { adapter: options })
    const got: { client: number[]; server: number[] } = { client: [], server: [] }
    adapter.onSession((session) => {
      session.handle('n', async (n: number) => {
        got.server.push(n)
      })
    })
    const session = connect(options)
    session.handle('n', (n: number) => {
      got.client.push(n)
    })
    const there = await until(() => sessions[0], { what: 'a session' })
    const numbers = Array.from({ length: 3_000 }, (_, n) => n)
    const sent = numbers.flatMap((n) => [session.send('n', n), there.send('n', n)])
    const reports = await Promise.all([session.close(), there.close()])
    await Promise.all(sent)
    for (const report of reports) expect(report).toMatchObject(clean)
    expect(got).toEqual({ client: numbers, server: numbers })
  })

  test('the first messages travel with the upgrade request: their answer is the first frame that comes', async () => {
    const { adapter, connect } = await serve(scheme)
    adapter.onSession((session) => session.handle('offer', () => 'answer'))
    const trace: TraceEvent[] = []
    const session = connect({ trace: (event) => trace.push(event) })
    expect(await session.request('offer')).toBe('answer')
    const first = trace.findIndex((event) => event.type === 'link-opened')
    const before = trace.slice(0, first).map((event) => event.type === 'envelope' && event.envelope.t)
    expect(before).toEqual(['hello', 'msg'])
    await session.close()
  })

  test('await using closes the session, with everything handled', async () => {
    const { adapter, connect, sessions } = await serve(scheme)
    const got: unknown[] = []
    adapter.onSession((session) => {
      session.handle('n', (n) => {
        got.push(n)
      })
    })
    {
      await using session = connect()
      void session.send('n', 1)
    }
    expect(got).toEqual([1])
    expect(await within('the server', (sessions[0] as Session).closed)).toMatchObject(clean)
  })
})
