import type { JournalWrite } from '@lastword/protocol'
import type { Journal, SessionJournal } from '../journal.ts'
import { check, claimed, fails, holds, Model, messageOf, recordOf, same, writeOf } from './checks.ts'

/** What a test can do with the store that its journal is on. */
export interface Hands {
  /** The journal that is open now. */
  journal: Journal
  /** Closes the journal, and opens another one on the same store. */
  reopen(): Promise<void>
  crash(): Promise<void>
  fail(failing: boolean): void
}

export type Body = (hands: Hands) => Promise<void>

/** What was written is there again. */
export const closing: Record<string, Body> = {
  async 'has everything again that was written before it was closed'(hands) {
    const a = await hands.journal.create(recordOf('a'))
    const b = await hands.journal.create(recordOf('b', { role: 'server', identity: 'bob', url: 'wss://b/' }))
    const writes = [writeOf(1, [messageOf(1), messageOf(2, Uint8Array.of(0, 255))]), writeOf(2, [], [1])]
    for (const write of writes) await a.write(write)
    await b.write(writeOf(1))
    await b.release()
    await hands.reopen()
    same(
      (await hands.journal.list()).map(({ sid }) => sid),
      ['a', 'b'],
      'the list',
    )
    same(
      await hands.journal.find('b'),
      recordOf('b', { role: 'server', identity: 'bob', url: 'wss://b/' }),
      'the record',
    )
    const model = new Model()
    for (const write of writes) model.apply(write)
    const held = await holds(hands.journal, 'a', model.snapshot)
    const next = writeOf(1, [messageOf(3)])
    await held.write(next)
    await hands.reopen()
    await holds(hands.journal, 'a', model.apply(next).snapshot)
  },

  async 'has nothing of what was removed'(hands) {
    const a = await hands.journal.create(recordOf('a'))
    await a.write(writeOf(1, [messageOf(1)]))
    await a.remove()
    await hands.reopen()
    same(await hands.journal.list(), [], 'the list')
  },

  async 'writes what was asked for before it was closed'(hands) {
    const session = await hands.journal.create(recordOf('a'))
    const writes = manyWrites(50)
    const writing = Promise.allSettled(writes.map((write) => session.write(write)))
    await hands.reopen()
    const results = await writing
    same(new Set(results.map(({ status }) => status)).size, 1, 'how many kinds of results there are')
    await holdsWritesUpTo(
      hands.journal,
      writes,
      results.filter(({ status }) => status === 'fulfilled').length,
    )
  },

  async 'takes sessions of a process that has ended for free'(hands) {
    await hands.journal.create(recordOf('a'))
    await hands.reopen()
    check((await hands.journal.claim('a', { ifFree: true })) !== undefined, 'it can be claimed')
  },
}

/** A write is whole or not at all, wherever the process ends. */
export const crashing: Record<string, Body> = {
  async 'has everything that resolved, and whole writes only, wherever it crashes'(hands) {
    for (let crashAfter = 0; crashAfter <= 12; crashAfter++) {
      const session = await hands.journal.create(recordOf('a'))
      const writes = manyWrites(12)
      let resolved = 0
      await new Promise<void>((resolve, reject) => {
        if (crashAfter === 0) resolve()
        for (const write of writes) {
          session.write(write).then(() => {
            if (++resolved === crashAfter) resolve()
          }, reject)
        }
      })
      const atLeast = resolved
      await hands.crash()
      const held = await holdsWritesUpTo(hands.journal, writes, atLeast)
      await held.remove()
    }
  },

  async 'crashes while a session is made, claimed or removed, and has it whole or not at all'(hands) {
    for (let turns = 0; turns < 8; turns++) {
      const kept = await hands.journal.create(recordOf('kept'))
      const write = writeOf(1, [messageOf(1), messageOf(2)])
      await kept.write(write)
      const ignored = () => {}
      kept.release().then(ignored, ignored)
      hands.journal.claim('kept').then(ignored, ignored)
      hands.journal
        .create(recordOf('new'))
        .then((made) => made.remove(), ignored)
        .then(ignored, ignored)
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 0))
      await hands.crash()
      const held = await holds(hands.journal, 'kept', new Model().apply(write).snapshot)
      held.remove().then(ignored, ignored)
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 0))
      await hands.crash()
      const { snapshot, journal } = (await hands.journal.claim('kept')) ?? {}
      if (journal !== undefined) same(snapshot, new Model().apply(write).snapshot, 'what is stored of kept')
      await journal?.remove()
      await (await hands.journal.claim('new'))?.journal.remove()
    }
  },
}

/** A store that fails is named, and leaves no hole among the writes. */
export const breaking: Record<string, Body> = {
  async 'refuses every write after one that failed, so that none is missing among those that stand'(hands) {
    const { journal } = hands
    const session = await journal.create(recordOf('a'))
    const first = writeOf(1, [messageOf(1)])
    await session.write(first)
    hands.fail(true)
    const lost = [2, 3].map((number) => session.write(writeOf(number, [messageOf(number)], [1])))
    for (const write of lost) await fails(write, 'journal-failed', 'a write that the store cannot take')
    await fails(journal.create(recordOf('b')), 'journal-failed', 'a session that the store cannot take')
    await fails(journal.claim('a'), 'journal-failed', 'a claim that the store cannot take')
    hands.fail(false)
    same(await journal.find('b'), undefined, 'the record of a session that could not be made')
    const b = await journal.create(recordOf('b'))
    await b.write(writeOf(1))
    const held = await holds(journal, 'a', new Model().apply(first).snapshot)
    await held.write(writeOf(2))
  },

  async 'refuses a write that waited behind one that failed'(hands) {
    const session = await hands.journal.create(recordOf('a'))
    const first = writeOf(1, [messageOf(1)])
    await session.write(first)
    hands.fail(true)
    const second = session.write(writeOf(2, [messageOf(2)]))
    const third = session.write(writeOf(3, [messageOf(3)]))
    await fails(second, 'journal-failed', 'a write that the store cannot take')
    hands.fail(false)
    await fails(third, 'journal-failed', 'the write behind it')
    await fails(session.write(writeOf(4)), 'journal-failed', 'a write after it')
    await holds(hands.journal, 'a', new Model().apply(first).snapshot)
  },
}

/** Each adds two messages and removes one of the write before. */
function manyWrites(count: number): JournalWrite[] {
  return Array.from({ length: count }, (_, i) =>
    writeOf(i + 1, [messageOf(i * 2 + 1), messageOf(i * 2 + 2, Uint8Array.of(i))], i === 0 ? [] : [i * 2]),
  )
}

/** Checks that the first writes stand, at least so many of them, and nothing else. */
async function holdsWritesUpTo(
  journal: Journal,
  writes: JournalWrite[],
  atLeast: number,
): Promise<SessionJournal> {
  const { snapshot, journal: held } = await claimed(journal, 'a')
  const count = snapshot?.state.links ?? 0
  check(count >= atLeast, `at least ${atLeast} writes stand (${count} do)`)
  const model = new Model()
  for (const write of writes.slice(0, count)) model.apply(write)
  same(snapshot, model.snapshot, `what stands after ${count} writes`)
  return held
}
