import { check, claimed, fails, holds, Model, messageOf, recordOf, same, writeOf } from './checks.ts'
import type { Body } from './enduring.ts'

/** A session has one holder. */
export const holding: Record<string, Body> = {
  async 'refuses a holder whose session was claimed, and nothing of it is changed'({ journal }) {
    const old = await journal.create(recordOf('a'))
    const written = writeOf(1, [messageOf(1)])
    await old.write(written)
    const { journal: held } = await claimed(journal, 'a')
    await fails(old.write(writeOf(2, [messageOf(2)], [1])), 'journal-lost', 'a write of the holder before')
    await old.remove()
    await old.release()
    await fails(old.write(writeOf(3)), 'journal-lost', 'another write of the holder before')
    const next = writeOf(2, [messageOf(3)])
    await held.write(next)
    await holds(journal, 'a', new Model().apply(written).apply(next).snapshot)
  },

  async 'refuses who has let the session go, or has removed it'({ journal }) {
    const a = await journal.create(recordOf('a'))
    await a.release()
    await fails(a.write(writeOf(1)), 'journal-lost', 'a write after the release')
    same(await journal.find('a'), recordOf('a'), 'the record of a session that was let go')
    const b = await journal.create(recordOf('b'))
    await b.write(writeOf(1, [messageOf(1)]))
    await b.remove()
    await fails(b.write(writeOf(2)), 'journal-lost', 'a write after the removal')
    same(await journal.find('b'), undefined, 'the record of a session that was removed')
    same(await journal.claim('b'), undefined, 'what is claimed of it')
  },

  async 'refuses the holder of a session that was removed and made anew'({ journal }) {
    const first = await journal.create(recordOf('a'))
    await first.write(writeOf(1, [messageOf(1)]))
    const { journal: second } = await claimed(journal, 'a')
    await second.remove()
    const third = await journal.create(recordOf('a', { key: 'key-of-another' }))
    await fails(first.write(writeOf(2)), 'journal-lost', 'a write of the first holder')
    await fails(second.write(writeOf(2)), 'journal-lost', 'a write of the second holder')
    await first.remove()
    await second.remove()
    const write = writeOf(1, [messageOf(5)])
    await third.write(write)
    await holds(journal, 'a', new Model().apply(write).snapshot)
  },

  async 'writes what was asked for before the release'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const writes = [1, 2, 3].map((number) => writeOf(number, [messageOf(number)]))
    const model = new Model()
    for (const write of writes) model.apply(write)
    const writing = writes.map((write) => session.write(write))
    await session.release()
    await Promise.all(writing)
    await holds(journal, 'a', model.snapshot)
  },

  async 'waits for a holder that has asked to be told'({ journal }) {
    const old = await journal.create(recordOf('a'))
    const [before, last] = [writeOf(1, [messageOf(1)]), writeOf(2, [messageOf(2)])]
    await old.write(before)
    let told = 0
    const wanted = new Promise<void>((resolve) => {
      old.onWanted(() => {
        told++
        resolve()
      })
    })
    const claims = [claimed(journal, 'a', { waitMs: 20_000 })]
    await wanted
    let over = false
    void claims[0]?.then(() => {
      over = true
    })
    await old.write(last)
    check(!over, 'the claim waits while the session is held')
    await old.release()
    const session = await claims[0]
    same(session?.snapshot, new Model().apply(before).apply(last).snapshot, 'what is handed over')
    same(told, 1, 'how often the holder was told')
    await session?.journal.write(writeOf(3))
  },

  async 'waits for a session to be removed, which is then not there'({ journal }) {
    const old = await journal.create(recordOf('a'))
    old.onWanted(() => void old.remove())
    same(await journal.claim('a', { waitMs: 20_000 }), undefined, 'what is claimed')
  },

  async 'takes a session all the same when its holder does not let go in time'({ journal }) {
    const old = await journal.create(recordOf('a'))
    let told = 0
    old.onWanted(() => told++)
    const { journal: held } = await claimed(journal, 'a', { waitMs: 20 })
    same(told, 1, 'how often the holder was told')
    await fails(old.write(writeOf(1)), 'journal-lost', 'a write of the holder before')
    await held.write(writeOf(1))
  },

  async 'does not wait for a holder that has not asked to be told, nor for none'({ journal }) {
    const old = await journal.create(recordOf('a'))
    const second = await claimed(journal, 'a', { waitMs: 3_600_000 })
    await fails(old.write(writeOf(1)), 'journal-lost', 'a write of the holder before')
    await second.journal.release()
    await claimed(journal, 'a', { waitMs: 3_600_000 })
  },

  async 'gives a session that may only be taken if it is free to nobody else'({ journal }) {
    const old = await journal.create(recordOf('a'))
    same(await journal.claim('a', { ifFree: true }), undefined, 'what is claimed while it is held')
    await old.write(writeOf(1))
    await old.release()
    const claims = await Promise.all([
      journal.claim('a', { ifFree: true }),
      journal.claim('a', { ifFree: true }),
      journal.claim('a', { ifFree: true }),
    ])
    const [taken, ...others] = claims.filter((claim) => claim !== undefined)
    same(others, [], 'what others have claimed besides the first')
    await taken?.journal.write(writeOf(2))
  },

  async 'leaves one holder when two claim at once'({ journal }) {
    const old = await journal.create(recordOf('a'))
    await old.write(writeOf(1, [messageOf(1)]))
    const claims = await Promise.all([claimed(journal, 'a'), claimed(journal, 'a'), claimed(journal, 'a')])
    for (const { snapshot } of claims) {
      same(snapshot?.messages.length, 1, 'how many messages each of them was given')
    }
    const writes = await Promise.allSettled(
      claims.map(({ journal }, at) => journal.write(writeOf(2, [messageOf(at + 10)]))),
    )
    const winners = writes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []))
    same(winners.length, 1, 'how many of them could write')
    const { snapshot } = await claimed(journal, 'a')
    same(
      snapshot?.messages.map(({ order }) => order),
      [1, (winners[0] ?? 0) + 10],
      'the messages',
    )
  },

  async 'tells who waits for a session that the journal is closed'({ journal }) {
    const old = await journal.create(recordOf('a'))
    const wanted = new Promise<void>((resolve) => old.onWanted(resolve))
    const claim = journal.claim('a', { waitMs: 20_000 })
    const refused = fails(claim, 'journal-failed', 'a claim that waited when the journal was closed')
    await wanted
    await journal.close()
    await refused
  },
}
