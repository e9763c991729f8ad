import type { LastwordError } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { slowly } from './async-schema.ts'
import { pair, unlinked } from './pair.ts'

test('notes reach whoever listens, in order, and leave nothing to acknowledge', async () => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  const remove = server.session.onNote('cursor', (at) => got.push(at))
  expect(client.session.note('cursor', { x: 1 })).toBe(true)
  expect(client.session.note('cursor', { x: 2 })).toBe(true)
  expect(client.session.note('nobody listens', 1)).toBe(true)
  await platform.settle()
  remove()
  client.session.note('cursor', { x: 3 })
  await platform.settle()
  expect(got).toEqual([{ x: 1 }, { x: 2 }])
  expect(server.log).not.toContain('unhandled')
})

test('a note is dropped when there is no link, and note() says so', async () => {
  const made = unlinked()
  expect(made.client.session.note('cursor', 1)).toBe(false)
})

test.each([
  ['a Uint8Array', new Uint8Array([1, 2])],
  ['a Buffer', Buffer.from([1, 2])],
  ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
  ['a DataView', new DataView(new Uint8Array([0, 1, 2]).buffer, 1)],
])('%s travels as bytes', async (_, payload) => {
  const { client, server, platform } = await pair()
  const got: unknown[] = []
  server.session.onNote('bytes', (bytes) => got.push(bytes))
  client.session.note('bytes', payload)
  if (payload instanceof Uint8Array) payload.fill(9)
  await platform.settle()
  expect(got).toEqual([new Uint8Array([1, 2])])
})

test('a handler of notes that throws, or rejects, raises an error event', async () => {
  const { client, server, platform } = await pair()
  const errors: LastwordError[] = []
  server.session.on('error', (error) => errors.push(error))
  server.session.onNote('sync', () => {
    throw new Error('oh')
  })
  server.session.onNote('async', () => Promise.reject(new Error('oh')) as never)
  client.session.note('sync')
  client.session.note('async')
  await platform.settle()
  expect(errors.map((error) => error.code)).toEqual(['handler-failed', 'handler-failed'])
})

test('notes are validated on the way out and on the way in', async () => {
  const contract = { at: { payload: z.object({ x: z.string().transform(Number) }) } }
  const out = await pair({ client: { contract } })
  const raw: unknown[] = []
  out.server.session.onNote('at', (at) => raw.push(at))
  expect(() => out.client.session.note('at', { x: 5 })).toThrowError(/does not fit/)
  out.client.session.note('at', { x: '5' })
  await out.platform.settle()
  expect(raw).toEqual([{ x: 5 }])

  const into = await pair({ server: { contract } })
  const got: unknown[] = []
  const errors: LastwordError[] = []
  into.server.session.on('error', (error) => errors.push(error))
  into.server.session.onNote('at', (at) => got.push(at))
  into.client.session.note('at', { x: 5 })
  into.client.session.note('at', { x: '6' })
  await into.platform.settle()
  expect(got).toEqual([{ x: 6 }])
  expect(errors).toMatchObject([{ code: 'payload-invalid' }])
})

test('a schema that takes its time delays a note, and one that finds it unfit raises an error event', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ client: { contract: { n: { payload: slow.schema } } } })
  const got: unknown[] = []
  const errors: LastwordError[] = []
  client.session.on('error', (error) => errors.push(error))
  server.session.onNote('n', (n) => got.push(n))
  expect(client.session.note('n', 1)).toBe(true)
  expect(client.session.note('n', -1)).toBe(true)
  await platform.settle()
  slow.pass(1)
  slow.pass(-1)
  await platform.settle()
  expect(got).toEqual([10])
  expect(errors).toMatchObject([{ code: 'payload-invalid' }])
})

test('notes that come faster than their schema is done are dropped beyond 64, not kept', async () => {
  const slow = slowly()
  const { client, server, platform } = await pair({ server: { contract: { n: { payload: slow.schema } } } })
  const got: unknown[] = []
  server.session.onNote('n', (n) => got.push(n))
  for (let n = 0; n < 1000; n++) client.session.note('n', n)
  await platform.settle()
  expect(slow.pending).toHaveLength(64)
  for (let n = 0; n < 64; n++) slow.pass(n)
  await platform.settle()
  expect(got).toHaveLength(64)
  client.session.note('n', 1000)
  await platform.settle()
  expect(slow.pending).toEqual([1000])
})
