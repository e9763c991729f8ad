import { LastwordError, PayloadError, RemoteError } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { IncomingMessage } from '../src/index.ts'
import { slowly } from './async-schema.ts'
import { deferred, later, outcomeOf, pair } from './pair.ts'

test('a sent message counts as handled when its handler has finished, not before', async () => {
  const { client, server, platform } = await pair()
  const work = deferred()
  server.session.handle('work', () => work.promise)
  const sent = later(client.session.send('work', 1))
  await platform.settle()
  expect(await outcomeOf(sent)).toBe('pending')
  work.resolve()
  await platform.settle()
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
})

test('a handler answers with what it returns, at once or later', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('double', (n: number) => n * 2)
  server.session.handle('later', async (n: number) => n * 3)
  const answers = Promise.all([client.session.request('double', 2), client.session.request('later', 2)])
  await platform.settle()
  expect(await answers).toEqual([4, 6])
})

test('a handler that fails on a request tells its sender that it did, and only here why', async () => {
  const { client, server, platform } = await pair()
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('sync', () => {
    throw new Error('the secret of the database')
  })
  server.session.handle('async', () => Promise.reject(new Error('the secret of the database')))
  const outcomes = Promise.allSettled([client.session.request('sync'), client.session.request('async')])
  await platform.settle()
  for (const outcome of await outcomes) {
    const { reason } = outcome as PromiseRejectedResult
    expect(reason).toMatchObject({ code: 'remote-error', remoteCode: 'handler-failed' })
    expect(JSON.stringify(reason) + reason.message).not.toContain('secret')
  }
  expect(errors).toHaveLength(2)
  expect(errors[0]).toMatchObject({
    code: 'handler-failed',
    cause: { message: 'the secret of the database' },
  })
})

test('a RemoteError that a handler throws reaches the asker as it is and raises no error here', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('buy', () => {
    throw new RemoteError('sold-out', 'nothing is left')
  })
  const bought = later(client.session.request('buy'))
  await platform.settle()
  expect(await outcomeOf(bought)).toMatchObject({
    error: { name: 'RemoteError', remoteCode: 'sold-out', message: 'nothing is left' },
  })
  expect(platform.reported).toEqual([])
})

test('a handler that throws on a message raises an error event, and the message counts as handled', async () => {
  const { client, server, platform } = await pair()
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('news', () => {
    throw new RemoteError('bored', 'no')
  })
  const sent = later(client.session.send('news'))
  await platform.settle()
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
  expect(errors.map((error) => error.code)).toEqual(['handler-failed'])
})

test('an error that nobody listens for is reported to the platform', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('news', () => {
    throw new Error('oh')
  })
  void client.session.send('news')
  await platform.settle()
  expect(platform.reported).toHaveLength(1)
  expect(platform.reported[0]).toBeInstanceOf(LastwordError)
})

test('a request that nothing handles waits, and is refused once the application handles anything', async () => {
  const { client, server, platform } = await pair()
  const lost = later(client.session.request('lost'))
  await platform.settle()
  expect(await outcomeOf(lost)).toBe('pending')
  expect(server.log).toContain('unhandled')
  server.session.handle('other', () => {})
  await platform.settle()
  expect(await outcomeOf(lost)).toMatchObject({ error: { remoteCode: 'no-handler' } })
  const second = later(client.session.request('lost'))
  await platform.settle()
  expect(await outcomeOf(second)).toMatchObject({ error: { remoteCode: 'no-handler' } })
})

test('handlers that are attached in one turn are attached together: none of their requests is refused', async () => {
  const { client, server, platform } = await pair()
  const answers = later(Promise.all([client.session.request('b'), client.session.request('a')]))
  await platform.settle()
  server.session.handle('a', () => 'from a')
  server.session.handle('b', () => 'from b')
  await platform.settle()
  expect(await answers).toEqual(['from b', 'from a'])
})

test('a message that nothing listens for is told of once, kept, and given to the handler that comes', async () => {
  const { client, server, platform } = await pair()
  const unhandled: IncomingMessage[] = []
  server.session.on('unhandled', (message) => unhandled.push(message))
  const sent = later(client.session.send('news', 'first'))
  const other = later(client.session.send('other', 'second'))
  await platform.settle()
  expect(unhandled.map((message) => message.payload)).toEqual(['first', 'second'])
  expect(await outcomeOf(sent)).toBe('pending')
  const got: unknown[] = []
  const remove = server.session.handle('news', (payload) => {
    got.push(payload)
  })
  await platform.settle()
  expect(got).toEqual(['first'])
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
  expect(await outcomeOf(other)).toBe('pending')
  remove()
  void client.session.send('news', 'third')
  await platform.settle()
  expect(got).toEqual(['first'])
  expect(unhandled).toHaveLength(3)
})

test('a handler may be attached by the listener of the unhandled event itself', async () => {
  const { client, server, platform } = await pair()
  server.session.on('unhandled', (message) => {
    server.session.handle(message.name, () => 'here now')
  })
  const answer = later(client.session.request('lazy'))
  await platform.settle()
  expect(await answer).toBe('here now')
})

test.each([1, 3, 10])('at most %i handlers run at once, and they start in order', async (concurrency) => {
  const { client, server, platform } = await pair({ server: { concurrency } })
  const started: number[] = []
  const works = Array.from({ length: 10 }, () => deferred())
  let running = 0
  let most = 0
  server.session.handle('work', async (n: number) => {
    started.push(n)
    most = Math.max(most, ++running)
    await works[n]?.promise
    running--
  })
  const sent = Promise.all(works.map((_, n) => client.session.send('work', n)))
  await platform.settle()
  expect(started).toHaveLength(concurrency)
  // The later ones finish first.
  for (let n = 9; n >= 0; n--) {
    works[n]?.resolve()
    await platform.settle()
  }
  await sent
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(most).toBe(concurrency)
})

test('messages kept for a handler go before those that came later, whatever their names', async () => {
  const { client, server, platform } = await pair({ server: { concurrency: 1 } })
  const started: string[] = []
  const first = deferred()
  server.session.handle('a', async (payload: string) => {
    started.push(payload)
    await first.promise
  })
  for (const [name, payload] of [
    ['a', 'a1'],
    ['b', 'b2'],
    ['a', 'a3'],
    ['b', 'b4'],
  ]) {
    void client.session.send(name as string, payload)
  }
  await platform.settle()
  server.session.handle('b', (payload: string) => {
    started.push(payload)
  })
  first.resolve()
  await platform.settle()
  expect(started).toEqual(['a1', 'b2', 'a3', 'b4'])
})

test('a handler that is taken off leaves what waits for it, in order, for the next one', async () => {
  const { client, server, platform } = await pair({ server: { concurrency: 1 } })
  const first = deferred()
  const got: number[] = []
  const remove = server.session.handle('work', () => first.promise)
  for (let n = 0; n < 5; n++) void client.session.send('work', n)
  await platform.settle()
  remove()
  void client.session.send('work', 5)
  await platform.settle()
  first.resolve()
  await platform.settle()
  server.session.handle('work', (n: number) => {
    got.push(n)
  })
  await platform.settle()
  expect(got).toEqual([1, 2, 3, 4, 5])
})

test('tens of thousands of messages that waited for a handler do not exhaust the stack', async () => {
  const window = 60_000
  const { client, server, platform } = await pair({ windowMessages: window })
  let got = 0
  const sent = Array.from({ length: window }, (_, n) => client.session.send('n', n))
  await platform.settle()
  server.session.handle('n', () => {
    got++
  })
  await platform.settle()
  await Promise.all(sent)
  expect(got).toBe(window)
  expect(platform.reported).toEqual([])
})

test('a message id that comes twice is two messages, and both are acknowledged', async () => {
  const { client, server, platform } = await pair()
  const works = [deferred(), deferred()]
  let count = 0
  server.session.handle('work', () => works[count++]?.promise)
  const sent = [
    client.session.send('work', 1, { id: 'same' }),
    client.session.send('work', 2, { id: 'same' }),
  ]
  await platform.settle()
  expect(count).toBe(2)
  for (const work of works) work.resolve()
  await platform.settle()
  for (const promise of sent) expect(await outcomeOf(promise)).toEqual({ value: undefined })
})

test('cancelling aborts the signal of the handler at work', async () => {
  const { client, server, platform } = await pair()
  let message: IncomingMessage | undefined
  server.session.handle('search', (_, incoming) => {
    message = incoming
    return new Promise((resolve) => incoming.signal.addEventListener('abort', () => resolve('stopped')))
  })
  const controller = new AbortController()
  const found = later(client.session.request('search', '', { signal: controller.signal }))
  await platform.settle()
  expect(message?.signal.aborted).toBe(false)
  controller.abort(new Error('the user went on'))
  await platform.settle()
  expect(await outcomeOf(found)).toMatchObject({
    error: { code: 'delivery-failed', fate: 'unknown', cause: { message: 'the user went on' } },
  })
  expect(message?.signal.aborted).toBe(true)
})

test('cancelling while the link is lost reaches the handler over the next one', async () => {
  const { client, server, platform, ...made } = await pair()
  let signal: AbortSignal | undefined
  server.session.handle('search', (_, message) => {
    signal = message.signal
    return new Promise(() => {})
  })
  const controller = new AbortController()
  void later(client.session.request('search', '', { signal: controller.signal }))
  await platform.settle()
  await made.lose()
  controller.abort()
  await platform.settle()
  expect(signal?.aborted).toBe(false)
  await made.link()
  expect(signal?.aborted).toBe(true)
})

test('a handler that stops because its signal told it to raises no error', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('search', async (_, { signal }) => {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  const controller = new AbortController()
  void client.session.request('search', '', { signal: controller.signal }).catch(() => {})
  await platform.settle()
  controller.abort()
  await platform.settle()
  expect(platform.reported).toEqual([])
})

test('the end of the session aborts the signals of handlers at work', async () => {
  const { client, server, platform } = await pair()
  let message: IncomingMessage | undefined
  server.session.handle('work', (_, incoming) => {
    message = incoming
    return new Promise(() => {})
  })
  void client.session.send('work').catch(() => {})
  await platform.settle()
  server.session.abort()
  await platform.settle()
  expect(message?.signal.aborted).toBe(true)
})

test('handlers start in order where an async schema is slower with the first message', async () => {
  const got: number[] = []
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { n: { payload: slow.schema } } } })
  server.session.handle('n', (payload: number) => {
    got.push(payload)
  })
  for (const n of [1, 2, 3]) void client.session.send('n', n)
  await platform.settle()
  expect(slow.pending).toEqual([1])
  slow.pass(1)
  await platform.settle()
  slow.pass(2)
  await platform.settle()
  slow.pass(3)
  await platform.settle()
  expect(got).toEqual([10, 20, 30])
})

test('a handler does not start on a message whose schema was done only after the session ended', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { n: { payload: slow.schema } } } })
  let started = false
  server.session.handle('n', () => {
    started = true
  })
  void client.session.send('n', 1).catch(() => {})
  await platform.settle()
  server.session.abort()
  await platform.settle()
  slow.pass(1)
  await platform.settle()
  expect(started).toBe(false)
})

test('a payload that does not fit is an error here and a RemoteError for the asker; the handler is not called', async () => {
  const { client, server, platform } = await pair({
    server: { contract: { add: { payload: z.object({ n: z.number() }), reply: z.number() } } },
  })
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  let called = false
  server.session.handle('add', () => {
    called = true
    return 1
  })
  const asked = later(client.session.request('add', { n: 'one' }))
  const sent = later(client.session.send('add', { n: 'one' }))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'payload-invalid' } })
  // A message that does not fit will not fit later either: it is handled, and the error event tells.
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
  expect(errors).toHaveLength(2)
  expect(errors[0]).toBeInstanceOf(PayloadError)
  expect(called).toBe(false)
})

test('a reply that does not fit is told to the asker as reply-invalid, and here why', async () => {
  const { client, server, platform } = await pair({
    server: { contract: { add: { reply: z.number() } } },
  })
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('add', () => 'three' as never)
  const asked = later(client.session.request('add'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'reply-invalid' } })
  expect(errors).toHaveLength(1)
  expect(errors[0]?.cause).toBeInstanceOf(PayloadError)
})

test('a reply that JSON cannot carry is told to the asker as reply-invalid', async () => {
  const { client, server, platform } = await pair()
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('count', () => 10n)
  const asked = later(client.session.request('count'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'reply-invalid' } })
  expect(errors).toHaveLength(1)
})

test('a reply larger than the asker takes is told to the asker as reply-too-large', async () => {
  const { client, server, platform } = await pair()
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('dump', () => 'x'.repeat(2 * 1024 * 1024))
  const asked = later(client.session.request('dump'))
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'reply-too-large' } })
  expect(errors).toMatchObject([{ code: 'payload-too-large' }])
})

test('a schema that throws is a payload that does not fit, and what comes behind it goes on', async () => {
  const broken = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate(): never {
        throw new Error('a bug in the schema')
      },
    },
  }
  const { client, server, platform } = await pair({
    server: { contract: { bad: { payload: broken }, good: {}, late: { reply: broken } }, concurrency: 1 },
    client: { contract: { bad: {}, good: {}, late: {} } },
  })
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('bad', () => {})
  server.session.handle('late', (() => 1) as never)
  server.session.handle('good', (() => 'fine') as never)
  const outcomes = Promise.allSettled([
    client.session.request('bad' as never),
    client.session.request('late' as never),
    client.session.request('good' as never),
  ])
  await platform.settle()
  expect(await outcomes).toMatchObject([
    { reason: { remoteCode: 'payload-invalid' } },
    { reason: { remoteCode: 'reply-invalid' } },
    { value: 'fine' },
  ])
  expect(errors[0]).toMatchObject({ code: 'payload-invalid', cause: { message: 'a bug in the schema' } })
  // Why it threw stays here.
  const { reason } = (await outcomes)[0] as PromiseRejectedResult
  expect(reason.message).not.toContain('a bug in the schema')
  // The other way: what cannot be validated is not sent, and the session goes on.
  await expect(server.session.send('bad')).rejects.toMatchObject({
    code: 'payload-invalid',
    cause: { message: 'a bug in the schema' },
  })
})

/** A server that may keep 10 KiB of replies and gets none away, and 100 requests for it. */
async function cloggedServer() {
  const made = await pair({ server: { queuedBytesMax: 10 * 1024 } })
  made.links[1].writable = false
  return {
    ...made,
    asked: Array.from({ length: 100 }, () => later(made.client.session.request('q'))),
    async unclog() {
      made.links[1].drain()
      await made.platform.settle()
    },
  }
}

const kib = 'x'.repeat(1024)

test('no more requests are handled while more than queuedBytesMax waits in replies; then they all are', async () => {
  const { server, platform, asked, unclog } = await cloggedServer()
  let handled = 0
  server.session.handle('q', () => {
    handled++
    return kib
  })
  await platform.settle()
  expect(handled).toBe(10)
  await unclog()
  expect(handled).toBe(100)
  expect(await outcomeOf(Promise.all(asked))).toMatchObject({ value: asked.map(() => kib) })
})

test('a loop gets no more requests while more than queuedBytesMax waits in replies; then it gets them all', async () => {
  const { server, platform, asked, unclog } = await cloggedServer()
  let taken = 0
  void (async () => {
    for await (const message of server.session) {
      taken++
      message.reply(kib)
    }
  })()
  await platform.settle()
  expect(taken).toBe(10)
  await unclog()
  expect(taken).toBe(100)
  expect(await outcomeOf(Promise.all(asked))).toMatchObject({ value: asked.map(() => kib) })
})

test('no more requests are refused while more than queuedBytesMax waits in refusals; then they all are', async () => {
  const made = await pair({ server: { queuedBytesMax: 1024 } })
  const { client, server, platform } = made
  server.session.handle('other', () => {})
  made.links[1].writable = false
  const asked = Array.from({ length: 100 }, () => later(client.session.request('q')))
  await platform.settle()
  expect(server.core.dispatcher.keptCount).toBeGreaterThan(80)
  made.links[1].drain()
  await platform.settle()
  expect(server.core.dispatcher.keptCount).toBe(0)
  const outcomes = await Promise.all(asked.map(outcomeOf))
  expect(outcomes).toEqual(
    asked.map(() => ({ error: expect.objectContaining({ remoteCode: 'no-handler' }) })),
  )
})

test('a handler that aborts the session is the last one to run, whatever came in the same frame', async () => {
  const { client, server, platform } = await pair()
  const ran: unknown[] = []
  server.session.handle('n', (n) => {
    ran.push(n)
    if (n === 1) server.session.abort()
  })
  for (const n of [1, 2, 3]) void later(client.session.send('n', n))
  await platform.settle()
  expect(ran).toEqual([1])
  expect(server.core.report?.incoming).toMatchObject({ handledTotal: 0 })
  expect(server.core.report?.incoming.unhandled).toHaveLength(3)
})

test('kept messages are not handled either once the first of them has aborted the session', async () => {
  const { client, server, platform } = await pair()
  for (const n of [1, 2, 3]) void later(client.session.send('n', n))
  await platform.settle()
  const ran: unknown[] = []
  server.session.handle('n', (n) => {
    ran.push(n)
    server.session.abort()
  })
  await platform.settle()
  expect(ran).toEqual([1])
})

test('a message that comes with the reset that ends the session is not handled', async () => {
  const { server, platform, links } = await pair()
  const ran: unknown[] = []
  server.session.handle('n', (n) => ran.push(n))
  server.session.onNote('n', (n) => ran.push(n))
  links[0].send(
    '[{"t":"msg","seq":1,"id":"m","ch":"n"},{"t":"note","ch":"n"},{"t":"reset","code":"aborted"}]',
  )
  await platform.settle()
  expect(server.core.report).toMatchObject({ code: 'aborted', incoming: { unhandled: ['m'] } })
  expect(ran).toEqual([])
})

test.each([
  [
    'throws',
    () => {
      throw Object.create(null)
    },
  ],
  ['rejects with', () => Promise.reject(Object.create(null))],
])('a handler that %s what cannot be made a string has failed like any other', async (_, fail) => {
  const { client, server, platform } = await pair({ server: { concurrency: 1 } })
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.handle('n', fail)
  server.session.handle('q', () => 'answer')
  const sent = later(client.session.send('n'))
  const asked = later(client.session.request('q'))
  await platform.settle()
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
  expect(await outcomeOf(asked)).toEqual({ value: 'answer' })
  expect(errors).toMatchObject([{ code: 'handler-failed' }])
})

test('reply() that nobody waits for does not end the process when a slow schema refuses it', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { q: { reply: slow.schema } } } })
  const rejections: unknown[] = []
  const onRejection = (error: unknown) => rejections.push(error)
  process.on('unhandledRejection', onRejection)
  try {
    const asked = later(client.session.request('q'))
    await platform.settle()
    const message = (await server.session[Symbol.asyncIterator]().next()).value as IncomingMessage
    void message.reply(-1)
    await platform.settle()
    slow.pass(-1)
    await platform.settle()
    expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'reply-invalid' } })
    expect(rejections).toEqual([])
  } finally {
    process.off('unhandledRejection', onRejection)
  }
})
