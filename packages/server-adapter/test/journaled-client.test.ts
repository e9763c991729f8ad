import {
  connect as connectTo,
  type Journal,
  type JournalOptions,
  type NodeConnectOptions,
  type Session,
  type TraceEvent,
} from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'
import { memoryJournal } from '@lastword/sdk/journal-memory'
import { MemoryLevel } from 'memory-level'
import { expect, test } from 'vitest'
import { brittleJournal } from './brittle-journal.ts'
import { atTheEnd, envelopesOf, later, serve, until, within } from './harness.ts'
import { createSwitch } from './switch.ts'

/** A client's session that outlives its process. What ends a process here is another one that has its journal. */

async function open(url: string, options: NodeConnectOptions & JournalOptions): Promise<Session> {
  const session = await connectTo(url, options)
  session.on('error', () => {})
  atTheEnd(() => session.abort())
  return session
}

const sidsIn = async (journal: Journal) => (await journal.list()).map(({ sid }) => sid)

test('a client goes on in another process with what was not handled, and each message is handled once', async () => {
  const { url, adapter } = await serve('ws')
  const handled: string[] = []
  let finish: () => void = () => {}
  adapter.onSession((session) => {
    session.handle('note', async (text: string) => {
      if (text === 'slow') await new Promise<void>((resolve) => (finish = resolve))
      handled.push(text)
      return `got ${text}`
    })
  })
  const journal = memoryJournal()
  const first = await open(url, { journal })
  expect(first.restored).toEqual([])
  await first.send('note', 'one')
  const slow = later(first.request('note', 'slow', { id: 'my-own' }))
  await until(() => finish.name !== 'finish', { what: 'the handler' })
  await first.stored()

  const second = await open(url, { journal, sessionId: first.id })
  expect(second.id).toBe(first.id)
  expect(second.restored).toMatchObject([{ id: 'my-own', name: 'note' }])
  await within('the next link', second.opened)
  // Whoever had it before learns that it goes on, and of no message that it never left.
  const report = await within('the end of the first', first.closed)
  expect(report).toMatchObject({ clean: false, code: 'superseded', notSent: [] })
  await expect(slow).rejects.toMatchObject({ code: 'delivery-failed' })
  finish()
  expect(await within('the reply', second.restored[0]?.done as Promise<unknown>)).toBe('got slow')
  await second.send('note', 'last')
  expect(await within('the close', second.close())).toMatchObject({ clean: true })
  expect(handled).toEqual(['one', 'slow', 'last'])
  expect(await journal.list()).toEqual([])
})

test('nothing leaves before the journal holds it, and stored() waits for that', async () => {
  const { url, adapter } = await serve('ws')
  const handled: unknown[] = []
  adapter.onSession((session) => {
    session.handle('value', (value) => void handled.push(value))
    session.onNote('tick', (value) => void handled.push(value))
  })
  const brittle = brittleJournal(memoryJournal())
  const session = await open(url, { journal: brittle.journal })
  await within('the first message', session.send('value', 1))
  await session.stored()
  brittle.hold(true)
  const sent = session.send('value', 2)
  let stored = false
  const storing = session.stored().then(() => {
    stored = true
  })
  await until(() => brittle.held > 0, { what: 'a write' })
  // A note is in no journal: that it passes shows that the link is not what holds the message back.
  session.note('tick', 'tick')
  await until(() => handled.includes('tick'), { what: 'the note' })
  expect(handled).toEqual([1, 'tick'])
  expect(stored).toBe(false)
  brittle.hold(false)
  await within('the second message', sent)
  await within('stored()', storing)
  expect(handled).toEqual([1, 'tick', 2])
})

test('a session of no journal has everything stored that it will ever have', async () => {
  const { connect } = await serve('ws')
  const session = connect()
  await within('stored()', session.stored())
  expect(session.restored).toEqual([])
})

test('what is sent in the same turn as connect goes with the first frame, once the journal has it', async () => {
  const { url, adapter } = await serve('ws')
  adapter.onSession((session) => session.handle('offer', () => 'answer'))
  const brittle = brittleJournal(memoryJournal())
  brittle.hold(true)
  const trace: TraceEvent[] = []
  const session = await open(url, { journal: brittle.journal, trace: (event) => void trace.push(event) })
  const answer = session.request('offer')
  await until(() => brittle.held > 0, { what: 'the first write' })
  expect(trace).toEqual([])
  brittle.hold(false)
  expect(await within('the answer', answer)).toBe('answer')
  expect(envelopesOf(trace, 'out').slice(0, 2)).toEqual(['hello', 'msg'])
  const first = trace.find((event) => event.type === 'envelope')
  const opened = trace.findIndex((event) => event.type === 'link-opened')
  expect(trace.indexOf(first as TraceEvent)).toBeLessThan(opened)
})

test('sessions of one process that share a journal do not take each other', async () => {
  const { url } = await serve('ws')
  const journal = levelJournal(new MemoryLevel())
  const sessions = await Promise.all([open(url, { journal }), open(url, { journal })])
  const other = await open(`${url}other`, { journal })
  const ids = [...sessions, other].map(({ id }) => id)
  expect(new Set(ids).size).toBe(3)
  await within('all links', Promise.all([...sessions, other].map(({ opened }) => opened)))
  expect(new Set(await sidsIn(journal))).toEqual(new Set(ids))
})

test('of several sessions that nobody holds the one written last is resumed, of the same address', async () => {
  const { url } = await serve('ws')
  const journal = memoryJournal()
  const record = { role: 'client', key: 'k'.repeat(32) } as const
  for (const [sid, path] of [
    ['session-of-before', ''],
    ['session-of-later', ''],
    ['session-of-another', 'other'],
  ]) {
    await (await journal.create({ ...record, sid: `${sid}`, url: url + path })).release()
  }
  expect((await open(url, { journal })).id).toBe('session-of-later')
  expect((await open(url, { journal })).id).toBe('session-of-before')
  expect(['session-of-before', 'session-of-later', 'session-of-another']).not.toContain(
    (await open(url, { journal })).id,
  )
  expect((await open(url, { journal, sessionId: 'session-of-another' })).id).toBe('session-of-another')
  const nobody = open(url, { journal, sessionId: 'nobody' })
  await expect(nobody).rejects.toMatchObject({ code: 'argument-invalid' })
})

test('a session that was finished is not resumed, and is forgotten behind the next one', async () => {
  const { url, adapter } = await serve('ws')
  adapter.onSession((session) => session.handle('note', () => {}))
  const shared = memoryJournal()
  const brittle = brittleJournal(shared)
  brittle.forgetNothing()
  const first = await open(url, { journal: brittle.journal })
  await first.send('note')
  expect(await within('the close', first.close())).toMatchObject({ clean: true })
  expect(await sidsIn(shared)).toEqual([first.id])
  const second = await open(url, { journal: shared })
  expect(second.id).not.toBe(first.id)
  await until(async () => !(await sidsIn(shared)).includes(first.id), { what: 'the first to be forgotten' })
})

test('a session that was being closed goes on closing', async () => {
  const { url, adapter } = await serve('ws')
  const handled: string[] = []
  let finish: (() => void) | undefined
  adapter.onSession((session) => {
    session.handle('note', async (text: string) => {
      await new Promise<void>((resolve) => (finish = resolve))
      handled.push(text)
    })
  })
  const journal = memoryJournal()
  const first = await open(url, { journal })
  const sent = later(first.send('note', 'last'))
  const closed = first.close()
  await until(() => finish, { what: 'the handler' })
  await first.stored()
  const second = await open(url, { journal, sessionId: first.id })
  expect(second.state).toBe('closing')
  await expect(second.send('note', 'one more')).rejects.toMatchObject({ fate: 'not-sent' })
  await within('the next link', second.opened)
  finish?.()
  expect(await within('the end', second.close())).toMatchObject({ clean: true })
  expect(handled).toEqual(['last'])
  await within('the end of the first', closed)
  await expect(sent).rejects.toMatchObject({ code: 'delivery-failed' })
})

test('a session that was being closed ends although nobody closes it again, also if nothing listens for what comes', async () => {
  const { port, adapter, sessions } = await serve('ws')
  adapter.onSession((session) => session.handle('note', () => {}))
  const journal = memoryJournal()
  const brittle = brittleJournal(journal)
  const address = await createSwitch(port)
  const first = await open(`ws://localhost:${address.port}/`, { journal: brittle.journal })
  await first.send('note')
  const server = sessions[0] as Session
  void later(server.send('unheard'))
  await until(() => first.stats().unhandled.messages === 1, { what: 'what nobody listens for' })
  address.target = undefined
  address.cut()
  void first.close()
  // Nothing is waited for, so that it has been asked for by then.
  await new Promise((resolve) => setImmediate(resolve))
  await first.stored()
  brittle.crash()
  void server.close()
  address.target = port
  const second = await open(`ws://localhost:${address.port}/`, { journal, sessionId: first.id })
  expect(second.state).toBe('closing')
  expect(await within('the end', second.closed)).toMatchObject({ clean: false, code: 'unhandled' })
  expect(await within("the server's end", server.closed)).toMatchObject({ code: 'unhandled', by: 'peer' })
})

test('a session whose journal fails ends, says why, and tells of no message that it never left', async () => {
  const { url, adapter, sessions } = await serve('ws')
  adapter.onSession((session) => session.handle('note', () => {}))
  const brittle = brittleJournal(memoryJournal())
  const session = await open(url, { journal: brittle.journal })
  await session.send('note')
  await session.stored()
  const failure = new Error('no more of this')
  brittle.fail(failure)
  const sent = later(session.send('note', 'kept'))
  const report = await within('the end', session.closed)
  expect(report).toMatchObject({ clean: false, code: 'internal', by: 'local', notSent: [] })
  await expect(sent).rejects.toMatchObject({
    fate: 'unknown',
    cause: { code: 'journal-failed', sessionId: session.id, cause: failure },
  })
  await expect(session.stored()).rejects.toMatchObject({ code: 'journal-failed' })
  // The server is told nothing: once the journal works again, the session goes on from there.
  brittle.fail(undefined)
  const next = await open(url, { journal: brittle.journal, sessionId: session.id })
  await within('a message of the next process', next.send('note', 'again'))
  expect(sessions).toHaveLength(1)
  expect(await within('the close', next.close())).toMatchObject({ clean: true })
})

test('a journal that cannot be opened, or is none, is what connect rejects with', async () => {
  const brittle = brittleJournal(memoryJournal())
  brittle.fail(new Error('locked'))
  await expect(connectTo('ws://localhost:9/', { journal: brittle.journal })).rejects.toThrow('locked')
  const none = connectTo('ws://localhost:9/', { journal: {} as Journal })
  await expect(none).rejects.toMatchObject({ code: 'argument-invalid' })
  const journal = memoryJournal()
  const wrong = connectTo('ws://localhost:9/', { journal, maxBytes: -1 })
  await expect(wrong).rejects.toMatchObject({ code: 'argument-invalid' })
  expect(await journal.list()).toEqual([])
})

test('a session that the server has lost stays in the journal until onSessionLost has seen to its messages', async () => {
  const first = await serve('ws')
  const second = await serve('ws')
  const way = await createSwitch(first.port)
  const journal = memoryJournal()
  let saved!: () => void
  let told!: (ids: string[]) => void
  const lost = new Promise<string[]>((resolve) => (told = resolve))
  const session = await open(`ws://localhost:${way.port}/`, {
    journal,
    reconnect: { nextDelayMs: () => 1 },
    onSessionLost: ({ messages }) => {
      told(messages.map(({ id }) => id))
      return new Promise<void>((resolve) => (saved = resolve))
    },
  })
  await within('the session', session.opened)
  const sent = later(session.send('note', 'kept', { id: 'm-1' }))
  await session.stored()
  way.target = second.port
  way.cut()
  expect(await within('the loss', lost)).toEqual(['m-1'])
  await expect(sent).rejects.toMatchObject({ code: 'delivery-failed' })
  expect(await within('the end', session.closed)).toMatchObject({ code: 'session-unknown' })

  // Whoever is started now, because this process was killed, finds it as it was.
  const next = await journal.claim(session.id)
  expect(next?.snapshot?.messages.map(({ id }) => id)).toEqual(['m-1'])
  expect(next?.snapshot?.state.ended).toBeUndefined()
  await next?.journal.release()
  saved()
})

test('and is forgotten then, unless its messages could not be saved', async () => {
  for (const fails of [false, true]) {
    const first = await serve('ws')
    const second = await serve('ws')
    const way = await createSwitch(first.port)
    const journal = memoryJournal()
    let settle!: () => void
    const session = await open(`ws://localhost:${way.port}/`, {
      journal,
      reconnect: { nextDelayMs: () => 1 },
      onSessionLost: async () => {
        await new Promise<void>((resolve) => (settle = resolve))
        if (fails) throw new Error('the disk is full')
      },
    })
    await within('the session', session.opened)
    void later(session.send('note', 'kept'))
    await session.stored()
    way.target = second.port
    way.cut()
    await within('the end', session.closed)
    expect(await sidsIn(journal)).toEqual([session.id])
    settle()
    if (!fails)
      await until(async () => (await journal.list()).length === 0, { what: 'the journal to forget it' })
    else {
      await new Promise((resolve) => setImmediate(resolve))
      expect(await sidsIn(journal)).toEqual([session.id])
    }
  }
})
