import { ArgumentError } from '@lastword/protocol'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { deferred, later, outcomeOf, pair, unlinked } from './pair.ts'

const large = 'x'.repeat(1_000)

describe('session.writable', () => {
  test('sends what is written, with its options, in order; closing waits until it is handled, and leaves the session open', async () => {
    const { client, server, platform } = await pair()
    const held = deferred()
    const got: unknown[] = []
    server.session.handle('n', (payload, { id, meta, redelivered }) => {
      got.push([payload, id, meta, redelivered])
      return held.promise
    })
    const writer = client.session.writable.getWriter()
    await writer.write({ name: 'n', payload: 1, id: 'a', meta: { trace: 'x' }, redelivered: true })
    await writer.write({ name: 'n', payload: new Uint8Array([7]), id: 'b' })
    const closing = later(writer.close())
    await platform.settle()
    expect(got).toEqual([
      [1, 'a', { trace: 'x' }, true],
      [new Uint8Array([7]), 'b', {}, false],
    ])
    expect(await outcomeOf(closing)).toBe('pending')
    held.resolve()
    await platform.settle()
    expect(await outcomeOf(closing)).toEqual({ value: undefined })
    expect(client.session.state).toBe('open')
    const again = client.session.writable.getWriter()
    await again.write({ name: 'n', payload: 2 })
    await platform.settle()
    expect(got).toHaveLength(3)
  })

  test('of a session that is over rejects the first write', async () => {
    const { client } = await pair()
    client.session.abort()
    const writer = client.session.writable.getWriter()
    void later(writer.closed)
    await expect(writer.write({ name: 'n', payload: 1 })).rejects.toMatchObject({ fate: 'not-sent' })
  })

  test('takes the next message when there is room, whatever onFull says', async () => {
    const made = unlinked({ client: { queuedBytesMax: 4_000 } })
    const held = deferred()
    const got: unknown[] = []
    made.server.session.handle('s', (_, { id }) => {
      got.push(id)
      return held.promise
    })
    const writer = made.client.session.writable.getWriter()
    let taken = 0
    const writing = [...Array(20).keys()].map(async (n) => {
      await writer.write({ name: 's', payload: n === 1 ? large.repeat(9) : large, id: `m${n}` })
      taken++
    })
    await made.link()
    expect(taken).toBe(1)
    expect(writer.desiredSize).toBeLessThan(0)
    const { queued, inFlight } = made.client.session.stats()
    expect(queued.messages + inFlight.messages).toBe(2)
    held.resolve()
    await made.platform.settle()
    await Promise.all(writing)
    expect(got).toEqual([...Array(20).keys()].map((n) => `m${n}`))
  })

  test('fails with the first message that does; there is another stream then', async () => {
    const { client, server } = await pair({ client: { contract: { n: { payload: z.number() } } } })
    server.session.handle('n', () => {})
    const { writable } = client.session
    expect(client.session.writable).toBe(writable)
    const writer = writable.getWriter()
    await writer.write({ name: 'n', payload: 'five' }).catch(() => {})
    expect(await outcomeOf(writer.closed)).toMatchObject({ error: { code: 'payload-invalid' } })
    expect(await outcomeOf(writer.write({ name: 'n', payload: 5 }))).toMatchObject({
      error: { code: 'payload-invalid' },
    })
    expect(client.session.writable).not.toBe(writable)
  })

  test.each([
    ['no object', undefined],
    ['no name', { payload: 1 }],
    ['a name that the contract does not have', { name: 'typo' }],
  ])('refuses a chunk with %s', async (_, chunk) => {
    const { client } = await pair({ client: { contract: { n: {} } } })
    const writer = client.session.writable.getWriter()
    const { error } = (await outcomeOf(writer.write(chunk as never))) as { error: unknown }
    expect(error).toBeInstanceOf(ArgumentError)
  })

  test('fails with what cannot be sent at all; there is another stream then', async () => {
    const { client, server, platform } = await pair()
    const got: unknown[] = []
    server.session.handle('n', (n) => {
      got.push(n)
    })
    for (const unusable of ['no message', { name: '' }]) {
      const writer = client.session.writable.getWriter()
      await expect(writer.write(unusable as never)).rejects.toThrow(ArgumentError)
      await expect(writer.closed).rejects.toThrow(ArgumentError)
    }
    const writer = client.session.writable.getWriter()
    await writer.write({ name: 'n', payload: 1 })
    await platform.settle()
    expect(got).toEqual([1])
  })

  test('fails when the session ends, with the fate of the message that failed', async () => {
    const { client } = await pair()
    const writer = client.session.writable.getWriter()
    await writer.write({ name: 'n', payload: 1, id: 'a' })
    const closing = later(writer.close())
    client.session.abort()
    expect(await outcomeOf(writer.closed)).toMatchObject({
      error: { code: 'delivery-failed', messageId: 'a' },
    })
    expect(await outcomeOf(closing)).toMatchObject({ error: { code: 'delivery-failed' } })
    const late = client.session.writable.getWriter()
    void later(late.write({ name: 'n', payload: 2 }))
    expect(await outcomeOf(late.closed)).toMatchObject({ error: { fate: 'not-sent' } })
  })

  test('takes back what has not left when it is aborted', async () => {
    const made = unlinked()
    const got: unknown[] = []
    made.server.session.handle('n', (n) => {
      got.push(n)
    })
    const writer = made.client.session.writable.getWriter()
    await writer.write({ name: 'n', payload: 1 })
    void made.client.session.send('n', 2)
    await writer.abort(new Error('enough'))
    expect(await outcomeOf(writer.closed)).toMatchObject({ error: { message: 'enough' } })
    const next = made.client.session.writable.getWriter()
    await next.write({ name: 'n', payload: 3 })
    await made.link()
    expect(got).toEqual([2, 3])
  })
})

describe('session.readable', () => {
  test('gives messages in order; pulling the next one acknowledges the last, and nothing is pulled in advance', async () => {
    const { client, server, platform } = await pair()
    const sent = [1, 2, 3].map((n) => client.session.send('n', n))
    const reader = server.session.readable.getReader()
    await platform.settle()
    expect(server.session.stats().unhandled.messages).toBe(3)
    expect((await reader.read()).value).toMatchObject({ name: 'n', payload: 1 })
    await platform.settle()
    expect(await outcomeOf(sent[0] as Promise<void>)).toBe('pending')
    expect((await reader.read()).value).toMatchObject({ payload: 2 })
    await platform.settle()
    expect(await outcomeOf(sent[0] as Promise<void>)).toEqual({ value: undefined })
    expect(await outcomeOf(sent[1] as Promise<void>)).toBe('pending')
    await reader.read()
    const closing = client.session.close()
    const last = reader.read()
    await platform.settle()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(await outcomeOf(closing)).toMatchObject({ value: { clean: true, handledTotal: 3 } })
  })

  test('answers requests', async () => {
    const { client, server, platform } = await pair()
    const asked = client.session.request('double', 21)
    await platform.settle()
    const reader = server.session.readable.getReader()
    const { value } = await reader.read()
    value?.reply((value.payload as number) * 2)
    void later(reader.read())
    await platform.settle()
    expect(await asked).toBe(42)
  })

  test('cancelling it acknowledges the last message and leaves the rest to handlers', async () => {
    const { client, server, platform } = await pair()
    const got: unknown[] = []
    const sent = [1, 2].map((n) => later(client.session.send('n', n)))
    await platform.settle()
    const { readable } = server.session
    expect(server.session.readable).toBe(readable)
    expect(() => server.session[Symbol.asyncIterator]()).toThrowError(ArgumentError)
    const reader = readable.getReader()
    await reader.read()
    await reader.cancel()
    await platform.settle()
    expect(await outcomeOf(sent[0] as Promise<void>)).toEqual({ value: undefined })
    server.session.handle('n', (n) => {
      got.push(n)
    })
    await platform.settle()
    expect(got).toEqual([2])
    expect(server.session.readable).not.toBe(readable)
  })

  test('cancelling it while it waits for a message loses none', async () => {
    const { client, server, platform } = await pair()
    const reader = server.session.readable.getReader()
    const reading = reader.read()
    await platform.settle()
    await reader.cancel()
    expect(await outcomeOf(reading)).toEqual({ value: { done: true, value: undefined } })
    const got: unknown[] = []
    server.session.handle('n', (n) => {
      got.push(n)
    })
    void client.session.send('n', 1)
    await platform.settle()
    expect(got).toEqual([1])
  })

  test('is refused while a loop is reading', async () => {
    const { server } = await pair()
    server.session[Symbol.asyncIterator]()
    expect(() => server.session.readable).toThrowError(ArgumentError)
  })

  test('ends when the session does', async () => {
    const { client, server, platform } = await pair()
    const reading = server.session.readable.getReader().read()
    client.session.abort()
    await platform.settle()
    expect(await outcomeOf(reading)).toEqual({ value: { done: true, value: undefined } })
  })
})

test('one session is piped into another', async () => {
  const [first, second] = [await pair(), await pair()]
  const got: unknown[] = []
  second.server.session.handle('n', (n) => {
    got.push(n)
  })
  const tenfold = new TransformStream({
    transform(message, controller) {
      controller.enqueue({ name: message.name, payload: message.payload * 10, id: message.id })
    },
  })
  const piping = first.server.session.readable.pipeThrough(tenfold).pipeTo(second.client.session.writable)
  for (const n of [1, 2, 3]) void first.client.session.send('n', n)
  const closing = first.client.session.close()
  for (let n = 0; n < 10; n++) for (const { platform } of [first, second]) await platform.settle()
  expect(await outcomeOf(piping)).toEqual({ value: undefined })
  expect(await outcomeOf(closing)).toMatchObject({ value: { clean: true } })
  expect(got).toEqual([10, 20, 30])
  expect(second.client.session.state).toBe('open')
})
