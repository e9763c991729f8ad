import { expect, test } from 'vitest'
import { memoryJournal } from '../src/journal-memory.ts'
import { later, serve, within } from './harness.ts'

const quickly = { nextDelayMs: () => 0 }

test('what a refused client had sent was not sent, where hello went over the open connection', async () => {
  const { connect } = await serve('ws', { adapter: { authenticate: () => false } })
  const session = connect({ early: false })
  const sent = later(session.send('n', 1, { id: 'a' }))
  const asked = later(session.request('n', 1, { id: 'b' }))
  for (const promise of [sent, asked]) {
    await expect(within('the refusal', promise)).rejects.toMatchObject({ fate: 'not-sent' })
  }
  expect(await session.closed).toMatchObject({ code: 'unauthorized', notSent: ['a', 'b'], unknown: [] })
})

test('nothing more is known of it where hello went with the upgrade request, which may be repeated on its way', async () => {
  const { connect } = await serve('ws', { adapter: { authenticate: () => false } })
  const sent = later(connect().send('n', 1))
  await expect(within('the refusal', sent)).rejects.toMatchObject({ fate: 'unknown' })
})

test.each([false, true])('a session that the server has is no sign of that (journal: %s)', async (kept) => {
  let allowed = true
  const served = await serve('ws', {
    adapter: {
      authenticate: () => allowed && 'somebody',
      ...(kept && { journal: memoryJournal() }),
    },
    onConnection: () => {},
  })
  const got: unknown[] = []
  served.adapter.onSession((session) => {
    session.handle('n', (n) => {
      got.push(n)
      allowed = false
      // Its welcome is on the way out, and never arrives.
      served.proxy.connections[0]?.cut('reset')
      return new Promise(() => {})
    })
  })
  const session = served.connect({ early: false, reconnect: quickly })
  const sent = later(session.send('n', 1, { id: 'a' }))
  await expect(within('the refusal', sent)).rejects.toMatchObject({ fate: 'received' })
  expect(got).toEqual([1])
  expect(await session.closed).toMatchObject({ code: 'unauthorized', received: ['a'], notSent: [] })
})
