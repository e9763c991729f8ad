import { expect, test } from 'vitest'
import type { IncomingMessage, Session } from '../src/index.ts'
import { slowly } from './async-schema.ts'
import { later, outcomeOf, pair } from './pair.ts'

test('asking for the next message acknowledges the last one', async () => {
  const { client, server, platform } = await pair()
  const sent = [1, 2, 3].map((n) => later(client.session.send('n', n)))
  const outcomes = () => Promise.all(sent.map(outcomeOf))
  await platform.settle()
  const loop = server.session[Symbol.asyncIterator]()
  expect((await loop.next()).value.payload).toBe(1)
  await platform.settle()
  expect(await outcomes()).toEqual(['pending', 'pending', 'pending'])
  expect((await loop.next()).value.payload).toBe(2)
  await platform.settle()
  expect(await outcomes()).toEqual([{ value: undefined }, 'pending', 'pending'])
  await loop.return?.()
  await platform.settle()
  expect(await outcomes()).toEqual([{ value: undefined }, { value: undefined }, 'pending'])
})

test('a loop on each side ends when the other has closed, and both reports are clean', async () => {
  const { client, server, platform } = await pair()
  const heard: Record<string, unknown[]> = { client: [], server: [] }
  async function listen(who: string, session: Session) {
    for await (const message of session) {
      heard[who]?.push(message.payload)
      if (message.isRequest) await message.reply(`${who} heard ${message.payload}`)
    }
  }
  const loops = Promise.all([listen('client', client.session), listen('server', server.session)])
  void client.session.send('n', 1)
  const answer = client.session.request('q', 2)
  void server.session.send('n', 3)
  await platform.settle()
  const reports = Promise.all([client.session.close(), server.session.close()])
  await platform.settle()
  await loops
  expect(await answer).toBe('server heard 2')
  expect(heard).toEqual({ client: [3], server: [1, 2] })
  for (const report of await reports) expect(report).toMatchObject({ clean: true })
})

test('breaking out says that the last message is handled, and leaves the rest for whoever listens next', async () => {
  const { client, server, platform } = await pair()
  const sent = [1, 2, 3].map((n) => later(client.session.send('n', n)))
  await platform.settle()
  for await (const message of server.session) {
    expect(message.payload).toBe(1)
    break
  }
  await platform.settle()
  expect(await outcomeOf(sent[0] as Promise<void>)).toEqual({ value: undefined })
  expect(await outcomeOf(sent[1] as Promise<void>)).toBe('pending')
  const rest: unknown[] = []
  server.session.handle('n', (n) => {
    rest.push(n)
  })
  await platform.settle()
  expect(rest).toEqual([2, 3])
  await Promise.all(sent)
})

test('a request that a loop takes and leaves is answered with no-reply', async () => {
  const { client, server, platform } = await pair()
  const asked = later(client.session.request('q'))
  await platform.settle()
  for await (const _ of server.session) break
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'no-reply' } })
})

test('a loop fails a request with a code of its own; the first answer counts', async () => {
  const { client, server, platform } = await pair()
  const asked = later(client.session.request('q'))
  await platform.settle()
  for await (const message of server.session) {
    message.fail('busy', 'come back later')
    await message.reply('too late')
    break
  }
  await platform.settle()
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'busy', message: 'come back later' } })
})

test('a loop gets what has no handler of its own', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('a', () => 'handled')
  const names: string[] = []
  void (async () => {
    for await (const message of server.session) {
      names.push(message.name)
      await message.reply('looped')
    }
  })()
  const answers = Promise.all([client.session.request('a'), client.session.request('b')])
  await platform.settle()
  expect(await answers).toEqual(['handled', 'looped'])
  expect(names).toEqual(['b'])
})

test('only one loop reads a session at a time', async () => {
  const { server } = await pair()
  const loop = server.session[Symbol.asyncIterator]()
  expect(() => server.session[Symbol.asyncIterator]()).toThrowError(/another loop/)
  await loop.return?.()
  expect(() => server.session[Symbol.asyncIterator]()).not.toThrow()
})

test('calls of next() that overlap get one message each, in order, and both are handled', async () => {
  const { client, server, platform } = await pair()
  const loop = server.session[Symbol.asyncIterator]()
  const both = Promise.all([loop.next(), loop.next(), loop.next()])
  const sent = [1, 2].map((n) => later(client.session.send('n', n)))
  await platform.settle()
  const closing = client.session.close()
  await platform.settle()
  const results = await both
  expect(results.map((result) => (result.value as IncomingMessage | undefined)?.payload)).toEqual([
    1,
    2,
    undefined,
  ])
  await Promise.all(sent)
  expect(await closing).toMatchObject({ clean: true })
})

test('a payload that does not fit is not given out; the loop goes on with the next', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { n: { payload: slow.schema } } } })
  server.session.on('error', () => {})
  const asked = later(client.session.request('n', -1))
  void later(client.session.send('n', 2))
  const loop = server.session[Symbol.asyncIterator]()
  const next = loop.next()
  await platform.settle()
  slow.pass(-1)
  await platform.settle()
  slow.pass(2)
  await platform.settle()
  expect((await next).value.payload).toBe(20)
  expect(await outcomeOf(asked)).toMatchObject({ error: { remoteCode: 'payload-invalid' } })
})

test('a loop that is left while a schema still looks at a message gives that message back', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { n: { payload: slow.schema } } } })
  const sent = later(client.session.send('n', 1))
  const loop = server.session[Symbol.asyncIterator]()
  const next = loop.next()
  await platform.settle()
  await loop.return?.()
  slow.pass(1)
  await platform.settle()
  expect(await next).toEqual({ done: true, value: undefined })
  expect(await outcomeOf(sent)).toBe('pending')
  const got: unknown[] = []
  server.session.handle('n', (n) => {
    got.push(n)
  })
  await platform.settle()
  slow.pass(1)
  await platform.settle()
  expect(got).toEqual([10])
  expect(await outcomeOf(sent)).toEqual({ value: undefined })
})

test('a session that was aborted gives nothing more out: its report says that it was not handled', async () => {
  const { client, server, platform } = await pair()
  for (const n of [1, 2]) void client.session.send('n', n).catch(() => {})
  await platform.settle()
  const loop = server.session[Symbol.asyncIterator]()
  expect((await loop.next()).value.payload).toBe(1)
  server.session.abort()
  await platform.settle()
  expect((await server.session.closed).incoming.unhandled).toHaveLength(2)
  expect(await loop.next()).toEqual({ done: true, value: undefined })
})

test.each([
  ['the session ends', (session: Session) => session.abort()],
  [
    'the loop is left',
    (_: Session, loop: AsyncIterableIterator<unknown>) => {
      void loop.return?.()
    },
  ],
])('a loop that waits for a schema ends when %s', async (_, end) => {
  const contract = { n: { payload: slowly().schema } }
  const { client, server, platform } = await pair({ server: { contract } })
  const loop = server.session[Symbol.asyncIterator]()
  const next = loop.next()
  void later(client.session.send('n', 1))
  await platform.settle()
  expect(await outcomeOf(next)).toBe('pending')
  end(server.session, loop)
  await platform.settle()
  expect(await outcomeOf(next)).toEqual({ value: { done: true, value: undefined } })
})

test('reply() that waits for a schema resolves when the session ends', async () => {
  const contract = { q: { reply: slowly().schema } }
  const { client, server, platform } = await pair({ server: { contract } })
  const loop = server.session[Symbol.asyncIterator]()
  void later(client.session.request('q'))
  await platform.settle()
  const message = (await loop.next()).value as IncomingMessage
  const replied = later(Promise.resolve(message.reply(1)))
  await platform.settle()
  expect(await outcomeOf(replied)).toBe('pending')
  server.session.abort()
  await platform.settle()
  expect(await outcomeOf(replied)).toEqual({ value: undefined })
})
