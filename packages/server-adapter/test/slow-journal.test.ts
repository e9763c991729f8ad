import { connect as connectTo, type Journal, type NodeConnectOptions, type Session } from '@lastword/sdk'
import { expect, test } from 'vitest'
import { memoryJournal } from '../src/journal-memory.ts'
import { brittleJournal } from './brittle-journal.ts'
import { atTheEnd, closedPort, later, serve, until, within } from './harness.ts'

/** What a journal does not answer holds nobody up for ever. */

function open(port: number, options: NodeConnectOptions = {}): Session {
  const session = connectTo(`ws://localhost:${port}/`, options)
  session.on('error', () => {})
  atTheEnd(() => session.abort())
  return session
}

/** The journal, with some of its methods done in another way. */
function withMethods(below: Journal, methods: Partial<Journal>): Journal {
  return {
    create: (record) => below.create(record),
    find: (sid) => below.find(sid),
    claim: (sid, options) => below.claim(sid, options),
    list: () => below.list(),
    prune: (idleMs) => below.prune(idleMs),
    close: () => below.close(),
    ...methods,
  }
}

const never = () => new Promise<never>(() => {})

test('a journal that does not answer holds up neither shutdown() nor close(), whatever it was asked', async () => {
  const whileWriting = async () => {
    const brittle = brittleJournal(memoryJournal())
    const { adapter, port } = await serve('ws', { adapter: { journal: brittle.journal } })
    adapter.onSession((session) => session.handle('note', () => {}))
    const client = open(port)
    await client.send('note')
    brittle.hold(true)
    void later(client.send('note'))
    await until(() => brittle.held > 0, { what: 'a write' })
    expect(await adapter.shutdown({ deadlineMs: 50 })).toMatchObject({ sessions: 1, moved: 1 })
  }
  const whileOpening = async () => {
    let asked = false
    const create = () => {
      asked = true
      return never()
    }
    const journal = withMethods(memoryJournal(), { create })
    const { adapter, port } = await serve('ws', { adapter: { journal } })
    open(port)
    await until(() => asked, { what: 'the session to be made' })
    expect(await adapter.shutdown({ deadlineMs: 50 })).toMatchObject({ sessions: 0 })
    expect(adapter.stats().links).toBe(0)
  }
  const whileClosing = async () => {
    const { port } = await serve('ws')
    const brittle = brittleJournal(memoryJournal())
    const client = await connectTo(`ws://localhost:${port}/`, { journal: brittle.journal })
    await client.opened
    brittle.hold(true)
    void later(client.send('note'))
    await until(() => brittle.held > 0, { what: 'a write' })
    expect(await client.close({ timeoutMs: 50 })).toMatchObject({ clean: false, code: 'close-timeout' })
  }
  const everything = Promise.all([whileWriting(), whileOpening(), whileClosing()])
  await within('shutdown() and close()', everything, 30_000)
}, 40_000)

test('connect() with a journal rejects when its signal is aborted, and what the journal holds stays there', async () => {
  const { url, adapter } = await serve('ws')
  const handled: unknown[] = []
  adapter.onSession((session) => session.handle('value', (value) => void handled.push(value)))
  const below = memoryJournal()
  const before = brittleJournal(below)
  // Nobody is there at this address: what is sent waits.
  const first = await connectTo(`ws://localhost:${await closedPort()}/`, { journal: before.journal })
  atTheEnd(() => first.abort())
  void later(first.send('value', 7))
  await first.stored()
  before.crash()
  const abort = new AbortController()
  const reason = new Error('no time')
  const find: Journal['find'] = async (sid) => {
    abort.abort(reason)
    return below.find(sid)
  }
  const slow = withMethods(below, { find })
  const options = { sessionId: first.id, signal: abort.signal }
  await expect(connectTo(url, { ...options, journal: slow })).rejects.toBe(reason)
  await expect(connectTo(url, { ...options, journal: below })).rejects.toBe(reason)

  const second = await connectTo(url, { journal: below, sessionId: first.id })
  atTheEnd(() => second.abort())
  expect(await within('what was sent before', Promise.all(second.restored.map(({ done }) => done)))).toEqual([
    undefined,
  ])
  expect(handled).toEqual([7])
})
