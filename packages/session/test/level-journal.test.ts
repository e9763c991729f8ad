import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArgumentError, JournalError } from '@lastword/protocol'
import { until } from '@lastword/testkit'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Model, messageOf, recordOf, writeOf } from '../src/conformance/checks.ts'
import { type LevelDatabase, levelJournal } from '../src/level-journal.ts'
import { diskFull, FaultyLevel } from './faulty-level.ts'

/** What the contract of journals says nothing of: the database below. */

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'lastword-journal-'))
  onTestFinished(() => rm(made, { recursive: true }))
  return made
}

async function errorOf(work: Promise<unknown>): Promise<JournalError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  expect(error).toBeInstanceOf(JournalError)
  return error as JournalError
}

test('a database that is locked is named, and used once it is free', async () => {
  const where = await folder()
  const first = levelJournal(new Level(where))
  await first.create(recordOf('a'))
  const second = levelJournal(new Level(where))
  const error = await errorOf(second.create(recordOf('b')))
  expect(error).toMatchObject({ code: 'journal-failed', sessionId: 'b' })
  expect(error.message).toMatch(/locked/)
  expect(error.remedy).toMatch(/folder of its own/)
  expect(error.cause).toMatchObject({ cause: { code: 'LEVEL_LOCKED' } })
  await first.close()
  expect(await second.find('a')).toEqual(recordOf('a'))
  await second.close()
})

test('a file where the folder should be is named, with what the system says of it', async () => {
  const where = await folder()
  const path = join(where, 'a-file')
  await writeFile(path, '')
  for (const at of [path, join(path, 'below')]) {
    const error = await errorOf(levelJournal(new Level(at)).list())
    expect(error.code).toBe('journal-failed')
    expect(error.message).toMatch(/a file is in the way of its folder \(.*a-file.*\)/)
    expect(error.remedy).toMatch(/Name a folder/)
  }
})

test('a folder that may not be opened is named, with what the system says of it', async () => {
  const db = new MemoryLevel<string, Uint8Array>()
  const denied = Object.assign(new Error("EACCES: permission denied, mkdir '/there'"), { code: 'EACCES' })
  const refused = Object.assign(new Error('Database failed to open', { cause: denied }), {
    code: 'LEVEL_DATABASE_NOT_OPEN',
  })
  const closed: LevelDatabase = new Proxy(db as LevelDatabase, {
    get: (target, name) => {
      if (name === 'status') return 'closed'
      if (name === 'open') return () => Promise.reject(refused)
      return Reflect.get(target, name)
    },
  })
  const error = await errorOf(levelJournal(closed).list())
  expect(error.message).toMatch(/permission \(EACCES: permission denied, mkdir '\/there'\)/)
  expect(error.remedy).toMatch(/read and write/)
  expect(error.cause).toBe(refused)
})

test('a full disk is named', async () => {
  const db = new FaultyLevel(new MemoryLevel())
  const session = await levelJournal(db).create(recordOf('a'))
  db.failure = diskFull()
  const error = await errorOf(session.write(writeOf(1)))
  expect(error).toMatchObject({ code: 'journal-failed', sessionId: 'a', cause: db.failure })
  expect(error.message).toMatch(/no room/)
  expect((await errorOf(session.write(writeOf(2)))).cause).toBe(db.failure)
})

test('a database that finds itself corrupt is named, and no session is taken for missing', async () => {
  const db = new FaultyLevel(new MemoryLevel())
  const journal = levelJournal(db)
  const session = await journal.create(recordOf('a'))
  db.onGet = async () => {
    throw Object.assign(new Error('Corruption: block checksum mismatch'), { code: 'LEVEL_CORRUPTION' })
  }
  for (const work of [
    journal.find('a'),
    journal.claim('a'),
    session.write(writeOf(1)),
    journal.create(recordOf('a')),
  ]) {
    const error = await errorOf(work)
    expect(error).toMatchObject({ code: 'journal-failed', sessionId: 'a' })
    expect(error.remedy).toMatch(/repair/)
  }
})

describe('a stored value that cannot be read', () => {
  const sessionKey = 'lastword/session/a'
  const messageKey = 'lastword/message/a/0000000000000007'
  const changed = (more: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...more })
  const values: Record<string, [key: string, change: (text: string) => string | undefined]> = {
    'that is no JSON': [sessionKey, (text) => text.slice(0, -1)],
    'that is another JSON value': [sessionKey, () => 'null'],
    'that belongs to another session': [sessionKey, changed({ record: recordOf('b') })],
    'that lacks its holder': [sessionKey, changed({ holder: undefined })],
    'of a newer format': [sessionKey, changed({ v: 2 })],
    'with a state that is none': [sessionKey, changed({ state: { v: 1, links: 'many' } })],
    'with a state of a newer format': [sessionKey, changed({ state: { ...writeOf(1).state, v: 2 } })],
    'of a message that is missing': [messageKey, () => undefined],
    'of a message that is cut off': [messageKey, (text) => text.slice(0, 30)],
    'of a message that is empty': [messageKey, () => ''],
    'of a message whose header is none': [messageKey, (text) => text.replace('"id"', '"di"')],
    'of a text with bytes behind it': [messageKey, (text) => `${text}x`],
    'of a message that is one too many': ['lastword/message/a/0000000000000009', () => '\0\0\0\u0002{}'],
  }
  for (const [name, [key, change]] of Object.entries(values)) {
    test(`${name} is an error that names the session, and takes nothing over`, async () => {
      const db = new MemoryLevel<string, string>()
      const journal = levelJournal(db)
      const session = await journal.create(recordOf('a'))
      await session.write(writeOf(1, [messageOf(7)]))
      const value = change((await db.get(key)) ?? '')
      if (value === undefined) await db.del(key)
      else await db.put(key, value)

      const error = await errorOf(journal.claim('a'))
      expect(error).toMatchObject({ code: 'journal-failed', sessionId: 'a' })
      expect(error.message).toContain('session a ')
      expect(error.remedy).not.toBe('')
      expect(`${error.message} ${error.remedy}`).not.toContain('key-of-')
      if (key === sessionKey) {
        expect((await errorOf(journal.list())).sessionId).toBe('a')
        expect((await errorOf(journal.find('a'))).sessionId).toBe('a')
        expect((await errorOf(journal.create(recordOf('a')))).code).toBe('journal-exists')
        // It is let go all the same.
        expect((await errorOf(session.release())).sessionId).toBe('a')
        expect(await journal.prune(0)).toBe(0)
      }
      await journal.forget('a')
      expect(await journal.list()).toEqual([])
      expect(await db.keys().all()).toEqual([])
    })
  }
})

test('a session stands whole wherever its process ends, at each step of the database', async () => {
  const writes = [
    writeOf(1, [messageOf(1), messageOf(2)]),
    writeOf(2, [messageOf(3)], [1]),
    writeOf(3, [messageOf(4)], [2, 3]),
  ]
  const model = new Model()
  const snapshots = [undefined, ...writes.map((write) => model.apply(write).snapshot)]
  let finished = false
  for (let crashAt = 0; !finished; crashAt++) {
    const below = new MemoryLevel<string, Uint8Array>()
    const db = new FaultyLevel(below)
    db.crashAt = crashAt
    let done = -1
    let over = false
    const run = async () => {
      const journal = levelJournal(db)
      const session = await journal.create(recordOf('a'))
      done = 0
      for (const write of writes) {
        await session.write(write)
        done++
      }
      await session.release()
      const claimed = await journal.claim('a')
      await claimed?.journal.remove()
      over = true
    }
    void run()
    // A run that has crashed makes no more steps.
    await until(() => over || db.steps > crashAt, { what: 'the end of the run, or its crash' })
    finished = over
    const journal = levelJournal(below)
    const claimed = await journal.claim('a')
    if (claimed === undefined) {
      expect(done === -1 || done === writes.length).toBe(true)
      expect(await below.keys().all()).toEqual([])
    } else {
      const at = claimed.snapshot?.state.links ?? 0
      expect(at).toBeGreaterThanOrEqual(done)
      expect(claimed.snapshot).toEqual(snapshots[at])
    }
  }
})

test('who holds a session that is forgotten holds it no more', async () => {
  const journal = levelJournal(new MemoryLevel())
  const session = await journal.create(recordOf('a'))
  await journal.forget('a')
  expect(await errorOf(session.write(writeOf(1)))).toMatchObject({ code: 'journal-lost' })
})

test('sessions that write at the same time share a batch', async () => {
  const db = new FaultyLevel(new MemoryLevel())
  const journal = levelJournal(db)
  const sessions = await Promise.all(Array.from({ length: 100 }, (_, i) => journal.create(recordOf(`s${i}`))))
  const before = db.batches
  await Promise.all(sessions.map((session) => session.write(writeOf(1, [messageOf(1)]))))
  expect(db.batches - before).toBeLessThanOrEqual(2)
})

test('a batch is synced unless the application does without', async () => {
  const seen: unknown[] = []
  class Watched extends FaultyLevel {
    override batch(operations: never[], options: { sync: boolean }): Promise<void> {
      seen.push(options.sync)
      return super.batch(operations, options)
    }
  }
  await levelJournal(new Watched(new MemoryLevel())).create(recordOf('a'))
  await levelJournal(new Watched(new MemoryLevel()), { sync: false }).create(recordOf('a'))
  expect(seen).toEqual([true, false])
})

test('journals over one database object share who holds what', async () => {
  const db = new MemoryLevel()
  const [one, other] = [levelJournal(db), levelJournal(db)]
  const session = await one.create(recordOf('a'))
  expect(await other.claim('a', { ifFree: true })).toBeUndefined()
  session.onWanted(() => void session.release())
  const claimed = await other.claim('a', { waitMs: 20_000 })
  await claimed?.journal.write(writeOf(1))
})

test('a holder is found out although its process does not know of the other one', async () => {
  // As browsers have it, where several pages open one IndexedDB.
  const below = new MemoryLevel<string, Uint8Array>()
  const [one, other] = [levelJournal(new FaultyLevel(below)), levelJournal(new FaultyLevel(below))]
  const session = await one.create(recordOf('a'))
  await session.write(writeOf(1, [messageOf(1)]))
  const claimed = await other.claim('a')
  expect(await errorOf(session.write(writeOf(2, [], [1])))).toMatchObject({ code: 'journal-lost' })
  await session.remove()
  await claimed?.journal.write(writeOf(2))
  expect((await other.claim('a'))?.snapshot?.messages).toHaveLength(1)
})

test('ids that begin alike, or hold what separates keys, are kept apart', async () => {
  const journal = levelJournal(new MemoryLevel())
  const sids = ['a', 'a/b', 'a0', 'a/0000000000000001', 'ü', 'a%2Fb']
  for (const [at, sid] of sids.entries()) {
    const session = await journal.create(recordOf(sid))
    await session.write(writeOf(1, [messageOf(at + 1)]))
  }
  expect((await journal.list()).map(({ sid }) => sid)).toEqual(sids)
  for (const [at, sid] of sids.entries()) {
    expect((await journal.claim(sid))?.snapshot?.messages).toEqual([messageOf(at + 1)])
  }
  await journal.forget('a')
  expect((await journal.list()).map(({ sid }) => sid)).toEqual(sids.slice(1))
})

test('what is no database is refused at once, and so are options that are none', () => {
  expect(() => levelJournal('folder' as unknown as LevelDatabase)).toThrow(ArgumentError)
  expect(() => levelJournal({ get() {} } as unknown as LevelDatabase)).toThrow(/has no method open/)
  expect(() => levelJournal(new MemoryLevel(), { sync: 'yes' as unknown as boolean })).toThrow(ArgumentError)
})
