import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connect as connectTo,
  type JournalOptions,
  type LastwordError,
  type NodeConnectOptions,
  type Session,
} from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'
import { memoryJournal } from '@lastword/sdk/journal-memory'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { expect, test } from 'vitest'
import { brittleJournal } from './brittle-journal.ts'
import { run } from './child.ts'
import { atTheEnd, later, serve, until, within } from './harness.ts'
import { createSwitch } from './switch.ts'

/** How a process gets rid of a session that another one is to go on with. */

async function open(url: string, options: NodeConnectOptions & JournalOptions): Promise<Session> {
  const session = await connectTo(url, options)
  session.on('error', () => {})
  atTheEnd(() => session.abort())
  return session
}

/** A server whose handler holds on to what comes until it is told. */
async function holding() {
  const served = await serve('ws')
  const handled: unknown[] = []
  const finish: Array<() => void> = []
  served.adapter.onSession((session) => {
    session.handle('note', async (text) => {
      await new Promise<void>((resolve) => finish.push(resolve))
      handled.push(text)
    })
  })
  return { ...served, handled, finish }
}

test('a client that leaves its session exits by itself, and the next one goes on with it', async () => {
  const { url, handled, finish } = await holding()
  const folder = await mkdtemp(join(tmpdir(), 'lastword-'))
  atTheEnd(() => rm(folder, { recursive: true, force: true }))
  const child = await run(new URL('./children/leave.ts', import.meta.url), {
    url,
    folder,
    from: import.meta.url,
  })
  await until(() => finish.length === 1, { what: 'the message', timeoutMs: 20_000 })
  child.tell('leave')
  await until(() => child.exit, { what: 'the exit', timeoutMs: 20_000 })
  expect(child.exit).toMatchObject({ code: 0 })
  const [{ leftAt, ...said }] = child.said as [{ leftAt: number }]
  expect(said).toMatchObject({ code: 'superseded' })
  // Far below the timers that are armed while sessions live.
  expect((child.exit as { at: number }).at - leftAt).toBeLessThan(4_000)

  const journal = levelJournal(new Level(folder))
  atTheEnd(() => journal.close())
  const next = await open(url, { journal })
  expect(next.restored).toMatchObject([{ id: 'm-1', name: 'note' }])
  finish[0]?.()
  await within('what was left', next.restored[0]?.done as Promise<unknown>)
  expect(await within('the close', next.close())).toMatchObject({ clean: true })
  expect(handled).toEqual(['kept'])
})

test('leaving lets handlers finish and their answers leave, begins none, writes what was accepted, frees the place', async () => {
  const { url, sessions } = await serve('ws')
  const journal = memoryJournal()
  const session = await open(url, { journal })
  const begun: unknown[] = []
  let finish: (() => void) | undefined
  session.handle('ask', async (n) => {
    begun.push(n)
    await new Promise<void>((resolve) => (finish = resolve))
    return `did ${n}`
  })
  await within('the session', session.opened)
  const server = sessions[0] as Session
  const answer = later(server.request('ask', 1))
  await until(() => finish, { what: 'the handler' })
  const leaving = session.leave()
  void later(server.request('ask', 2))
  await until(() => session.stats().unhandled.messages === 2, { what: 'the second request' })
  const sent = later(session.send('note', 'accepted', { id: 'm-1' }))
  expect(begun).toEqual([1])
  finish?.()
  await within('leaving', leaving)
  expect(await within('the answer', answer)).toBe('did 1')
  expect(begun).toEqual([1])
  expect(await session.closed).toMatchObject({ clean: false, code: 'superseded', by: 'local', notSent: [] })
  await expect(sent).rejects.toMatchObject({ code: 'delivery-failed', cause: { code: 'journal-lost' } })
  await expect(session.send('note', 'too late')).rejects.toMatchObject({ fate: 'not-sent' })
  expect(session.state).toBe('closed')
  expect(server.state).not.toBe('closed')
  // Nobody has to be asked, or waited for.
  const next = await journal.claim(session.id, { ifFree: true })
  expect(next?.snapshot?.messages.map(({ id }) => id)).toContain('m-1')
  expect(next?.snapshot?.state.ended).toBeUndefined()
})

test('a handler that does not finish holds leaving up no longer than deadlineMs', async () => {
  const { url, sessions } = await serve('ws')
  const session = await open(url, { journal: memoryJournal() })
  let told: AbortSignal | undefined
  session.handle('ask', (_, { signal }) => {
    told = signal
    return new Promise(() => {})
  })
  await within('the session', session.opened)
  void later((sessions[0] as Session).request('ask'))
  await until(() => told, { what: 'the handler' })
  await within('leaving', session.leave({ deadlineMs: 0 }))
  expect(told?.aborted).toBe(true)
  expect(await session.closed).toMatchObject({ code: 'superseded' })
})

test('a session can be left at once, twice, while there is no server, while it is closing, and when it is over', async () => {
  const { url, finish } = await holding()
  const journal = memoryJournal()
  const early = await open(url, { journal })
  void later(early.send('note', 'early'))
  await within('leaving at once', Promise.all([early.leave(), early.leave({ deadlineMs: 5 })]))
  const again = await open(url, { journal })
  expect(again.id).toBe(early.id)
  expect(again.restored).toHaveLength(1)
  await until(() => finish.length === 1, { what: 'the message' })
  const closed = again.close()
  await within('leaving while closing', again.leave())
  expect(await within('the close', closed)).toMatchObject({ clean: false, code: 'superseded' })
  const closing = await open(url, { journal, sessionId: again.id })
  expect(closing.state).toBe('closing')
  finish[0]?.()
  expect(await within('the end', closing.close())).toMatchObject({ clean: true })
  await within('leaving what is over', closing.leave())
  await within('leaving what was left', again.leave())
  expect(await journal.list()).toEqual([])

  const nobody = await open('ws://localhost:9/', { journal })
  void later(nobody.send('note', 'kept'))
  await within('leaving without a server', nobody.leave())
  expect((await open('ws://localhost:9/', { journal })).restored).toHaveLength(1)
})

test('a journal that does not answer holds leaving up for a while and not for ever', async () => {
  const { url } = await serve('ws')
  const brittle = brittleJournal(memoryJournal())
  const session = await open(url, { journal: brittle.journal })
  await within('the session', session.opened)
  await session.stored()
  brittle.hold(true)
  const sent = later(session.send('note', 'kept'))
  await session.leave()
  expect(await session.closed).toMatchObject({ code: 'superseded', notSent: [] })
  await expect(sent).rejects.toMatchObject({ fate: 'unknown' })
  brittle.hold(false)
}, 20_000)

test('what has no journal cannot be left, and a deadline that is none is refused', async () => {
  const { connect, url } = await serve('ws')
  const plain = connect()
  expect(() => plain.leave()).toThrowError(
    expect.objectContaining({
      code: 'argument-invalid',
      remedy: expect.stringMatching(/close\(\).*abort\(\)/),
    }),
  )
  const session = await open(url, { journal: memoryJournal() })
  for (const options of [{ deadlineMs: -1 }, { deadlineMs: 2 ** 31 }, { deadlineMs: '5' }, null]) {
    expect(() => session.leave(options as never)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid' }),
    )
  }
  expect(session.state).not.toBe('closed')
})

for (const [kind, make] of [
  ['memoryJournal', memoryJournal],
  ['levelJournal', () => levelJournal(new MemoryLevel())],
] as const) {
  test(`a session whose ${kind} is closed under it ends at once and says why, and its server keeps it`, async () => {
    const { url, sessions } = await serve('ws')
    const journal = make()
    const session = await open(url, { journal })
    const errors: LastwordError[] = []
    session.on('error', (error) => void errors.push(error))
    await within('the session', session.opened)
    const sent = later(session.send('note', 'kept'))
    await session.stored()
    await journal.close()
    const report = await within('the end', session.closed)
    expect(report).toMatchObject({ code: 'internal', by: 'local', notSent: [] })
    const why = { code: 'journal-failed', sessionId: session.id, remedy: expect.stringContaining('leave()') }
    await expect(sent).rejects.toMatchObject({ cause: why })
    await expect(session.stored()).rejects.toMatchObject(why)
    expect(errors).toMatchObject([why])
    await until(() => sessions[0]?.state === 'recovering', { what: 'the server to miss it' })
  })
}

test('leaving takes nothing from onSessionLost: what it is seeing to stays in the journal until it has', async () => {
  const first = await serve('ws')
  const second = await serve('ws')
  const way = await createSwitch(first.port)
  const journal = memoryJournal()
  let saved: (() => void) | undefined
  const session = await open(`ws://localhost:${way.port}/`, {
    journal,
    reconnect: { nextDelayMs: () => 1 },
    onSessionLost: () => new Promise<void>((resolve) => (saved = resolve)),
  })
  await within('the session', session.opened)
  let begun = false
  session.handle('ask', () => {
    begun = true
    return new Promise(() => {})
  })
  void later((first.sessions[0] as Session).request('ask'))
  await until(() => begun, { what: 'the handler' })
  void later(session.send('note', 'kept'))
  await session.stored()
  const leaving = session.leave({ deadlineMs: 60_000 })
  way.target = second.port
  way.cut()
  await until(() => saved, { what: 'the loss' })
  await within('leaving', leaving)
  expect(await session.closed).toMatchObject({ code: 'session-unknown' })
  expect(await journal.list()).toHaveLength(1)
  expect(await journal.claim(session.id, { ifFree: true })).toBeUndefined()
  saved?.()
  await until(async () => (await journal.list()).length === 0, { what: 'the journal to forget it' })
})
