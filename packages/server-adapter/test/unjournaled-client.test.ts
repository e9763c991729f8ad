import { connect, type JournalOptions, type NodeConnectOptions, type Session } from '@lastword/sdk'
import { memoryJournal } from '@lastword/sdk/journal-memory'
import { expect, test } from 'vitest'
import { brittleJournal } from './brittle-journal.ts'
import { atTheEnd, serve, until, within } from './harness.ts'

/** A client that goes on without its journal, because it was told to and the journal fails. */

async function open(url: string, options: NodeConnectOptions & JournalOptions) {
  const session = await connect(url, { onJournalFailure: 'go-on', ...options })
  atTheEnd(() => session.abort())
  const warnings: Array<{ code: string; message: string }> = []
  session.on('warning', (warning) => void warnings.push(warning))
  const errors: unknown[] = []
  session.on('error', (error) => void errors.push(error))
  return { session, warnings, errors }
}

async function serveCounting() {
  const served = await serve('ws')
  const handled: unknown[] = []
  const sessions: Session[] = []
  served.adapter.onSession((session) => {
    sessions.push(session)
    session.handle('count', (value) => {
      handled.push(value)
      return value
    })
  })
  return { ...served, handled, sessions }
}

test('a journal that cannot be opened is done without: a warning says so, and stored() does not lie', async () => {
  const { url, handled } = await serveCounting()
  const brittle = brittleJournal(memoryJournal())
  brittle.fail(new Error('no such disk'))
  const { session, warnings } = await open(url, { journal: brittle.journal })
  expect(await within('the reply', session.request('count', 1))).toBe(1)
  expect(warnings).toMatchObject([
    { code: 'journal-failed', message: expect.stringContaining('no such disk') },
  ])
  await expect(session.stored()).rejects.toMatchObject({ code: 'journal-failed' })
  expect(() => session.leave()).toThrow(/no journal/)
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(handled).toEqual([1])
})

test('nobody goes on without a session that was named, nor where that was not asked for', async () => {
  const { url } = await serveCounting()
  const brittle = brittleJournal(memoryJournal())
  brittle.fail(new Error('no such disk'))
  const { journal } = brittle
  await expect(open(url, { journal, sessionId: 'the-one-of-before' })).rejects.toThrow('no such disk')
  await expect(connect(url, { journal })).rejects.toThrow('no such disk')
  await expect(open(url, { journal, onJournalFailure: 'panic' as 'end' })).rejects.toMatchObject({
    code: 'argument-invalid',
  })
})

test('a journal that fails and can forget the session: it goes on over the same link, and loses nothing', async () => {
  const { url, handled, sessions } = await serveCounting()
  const below = memoryJournal()
  const brittle = brittleJournal(below)
  const { session, warnings, errors } = await open(url, { journal: brittle.journal })
  await within('the first', session.send('count', 1))
  await session.stored()
  brittle.failWrites(new Error('no room left'))
  const more = [2, 3, 4].map((value) => session.request('count', value))
  await expect(
    within(
      'stored()',
      session.stored().catch((error) => error),
    ),
  ).resolves.toMatchObject({
    code: 'journal-failed',
  })
  expect(await within('the replies', Promise.all(more))).toEqual([2, 3, 4])
  expect(warnings).toMatchObject([{ message: expect.stringContaining('no room left') }])
  expect(await below.list()).toEqual([])
  expect(sessions[0]?.stats().links).toBe(1)
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(handled).toEqual([1, 2, 3, 4])
  expect(errors).toEqual([])
})

test('a journal that fails and cannot forget the session: nobody who finds it there is let in any more', async () => {
  const { url, handled, sessions } = await serveCounting()
  const below = memoryJournal()
  const brittle = brittleJournal(below)
  const { session, warnings, errors } = await open(url, { journal: brittle.journal })
  await within('the first', session.send('count', 1))
  await session.stored()
  brittle.fail(new Error('the disk is gone'))
  expect(
    await within('the replies', Promise.all([2, 3].map((value) => session.request('count', value)))),
  ).toEqual([2, 3])
  expect(warnings).toHaveLength(1)
  await until(() => sessions[0]?.stats().links === 2, { what: 'the link that leaves the journal behind' })

  // What the journal holds knows nothing of all that, and what is sent on top of it must not pass for what was sent here.
  const stale = await connect(url, { journal: below, sessionId: session.id })
  stale.on('error', () => {})
  const sent = stale.send('count', 'stale').then(
    () => 'handled',
    ({ fate }) => fate,
  )
  expect(await within('its end', stale.closed)).toMatchObject({ clean: false, code: 'superseded' })
  expect(await within('its message', sent)).not.toBe('handled')
  expect(await within('a reply', session.request('count', 4))).toBe(4)
  expect(await within('the close', session.close())).toMatchObject({ clean: true })
  expect(handled).toEqual([1, 2, 3, 4])
  expect(errors).toEqual([])
  expect(sessions).toHaveLength(1)
})

test('a session that is closing when its journal fails closes, and cleanly', async () => {
  const { url, handled } = await serveCounting()
  const brittle = brittleJournal(memoryJournal())
  const { session, warnings } = await open(url, { journal: brittle.journal })
  await within('opened', session.opened)
  await session.stored()
  brittle.fail(new Error('the disk is gone'))
  session.send('count', 1).catch(() => {})
  expect(await within('the close', session.close())).toMatchObject({ clean: true, unknown: [] })
  expect(warnings).toHaveLength(1)
  expect(handled).toEqual([1])
})
