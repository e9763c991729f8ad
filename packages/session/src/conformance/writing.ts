import type { JournaledMessage, JournalState } from '@lastword/protocol'
import { check, claimed, fails, holds, Model, messageOf, recordOf, same, stateOf, writeOf } from './checks.ts'
import type { Body } from './enduring.ts'

/** What is written is what is restored. */
export const writing: Record<string, Body> = {
  async 'finds the record of a session that was made, and none that was not'({ journal }) {
    const record = recordOf('a', { role: 'server', identity: 'ann' })
    await journal.create(record)
    same(await journal.find('a'), record, 'the record')
    same(await journal.find('b'), undefined, 'the record of a session that was never made')
    same(await journal.claim('b'), undefined, 'what is claimed of a session that was never made')
  },

  async 'makes no second session under one id'({ journal }) {
    const first = await journal.create(recordOf('a'))
    await fails(journal.create(recordOf('a', { key: 'another' })), 'journal-exists', 'a second session')
    same(await journal.find('a'), recordOf('a'), 'the record')
    await first.write(writeOf(1))
  },

  async 'makes one session of two that are made at once'({ journal }) {
    const made = await Promise.allSettled([journal.create(recordOf('a')), journal.create(recordOf('a'))])
    same(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'what became of both')
  },

  async 'restores no snapshot of a session that was never written'({ journal }) {
    await journal.create(recordOf('a'))
    const session = await claimed(journal, 'a')
    same([session.record, session.snapshot], [recordOf('a'), undefined], 'what is restored')
  },

  async 'restores text and bytes as they were'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)
    const rest = '"d":"\u0000 \\" \u2028 é 語 😀 \\ud800","meta":{"__proto__":"x"}}'
    const messages: JournaledMessage[] = [
      messageOf(1, everyByte),
      messageOf(2, new Uint8Array(0)),
      messageOf(3),
      { ...messageOf(4), id: '~:._-', rest },
      messageOf(5, new Uint8Array(300_000).fill(7)),
    ]
    const write = writeOf(1, messages)
    await session.write(write)
    await holds(journal, 'a', new Model().apply(write).snapshot)
  },

  async 'restores bytes of a Node buffer, and of a view into something larger, as plain bytes'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const large = Uint8Array.from({ length: 64 }, (_, i) => i)
    const node = (globalThis as { Buffer?: { from(bytes: Uint8Array): Uint8Array } }).Buffer
    const view = large.subarray(10, 20)
    const buffer = node === undefined ? view : node.from(view)
    await session.write(writeOf(1, [messageOf(1, view), messageOf(2, buffer)]))
    const plain = writeOf(1, [messageOf(1, view.slice()), messageOf(2, view.slice())])
    await holds(journal, 'a', new Model().apply(plain).snapshot)
  },

  async 'restores messages by their order, whichever was written first'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const orders = [10, 9, 2 ** 40, 1, 1_000_000, 100, 2 ** 52, 2]
    await session.write(
      writeOf(
        1,
        orders.map((order) => messageOf(order)),
      ),
    )
    await session.write(writeOf(2, [messageOf(50), messageOf(3)]))
    const { snapshot } = await claimed(journal, 'a')
    const restored = snapshot?.messages.map(({ order }) => order)
    same(restored, [1, 2, 3, 9, 10, 50, 100, 1_000_000, 2 ** 40, 2 ** 52], 'the orders')
  },

  async 'keeps the last state, whole, and what was added and not removed'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const { fin: _, ...received } = stateOf(3).in
    const state: JournalState = {
      ...stateOf(3),
      in: received,
      ended: { code: 'finished', reason: '', by: 'both' },
    }
    const writes = [
      writeOf(1, [messageOf(1), messageOf(2), messageOf(3)]),
      writeOf(2, [messageOf(4), messageOf(5)], [2, 4]),
      { ...writeOf(3, [], [1, 77]), state },
    ]
    const model = new Model()
    for (const write of writes) {
      await session.write(write)
      model.apply(write)
    }
    await holds(journal, 'a', model.snapshot)
  },

  async 'carries out writes in the order of the calls'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const model = new Model()
    const writes = Array.from({ length: 200 }, (_, i) =>
      writeOf(i + 1, [messageOf(i + 1)], i % 3 === 0 ? [i] : []),
    )
    const settled: number[] = []
    await Promise.all(
      writes.map((write) => {
        model.apply(write)
        return session.write(write).then(() => settled.push(write.number))
      }),
    )
    same(
      settled,
      writes.map(({ number }) => number),
      'the order in which the writes resolved',
    )
    await holds(journal, 'a', model.snapshot)
  },

  async 'keeps nothing of the objects that it is given, and gives none of its own'({ journal }) {
    const record = recordOf('a')
    const making = journal.create(record)
    record.key = 'changed'
    const session = await making
    const payload = Uint8Array.of(1, 2, 3)
    const state = structuredClone(stateOf(1)) as { links: number; out: { acked: number } } & JournalState
    const add = [messageOf(1, payload), messageOf(2)]
    const remove: number[] = []
    const writing = session.write({ number: 1, add, remove, state })
    payload.fill(9)
    state.out.acked = 99
    add.length = 0
    remove.push(1, 2)
    await writing
    payload.fill(8)
    const expected = new Model().apply(
      writeOf(1, [messageOf(1, Uint8Array.of(1, 2, 3)), messageOf(2)]),
    ).snapshot
    const first = await claimed(journal, 'a')
    same([first.record, first.snapshot], [recordOf('a'), expected], 'what is restored')
    first.record.key = 'changed'
    first.snapshot?.messages[0]?.payload?.fill(7)
    same(await journal.find('a'), recordOf('a'), 'the record')
    await holds(journal, 'a', expected)
  },

  async 'keeps many sessions apart that are written at once'({ journal }) {
    const sids = Array.from({ length: 60 }, (_, i) => `session-${i}`)
    const models = await Promise.all(
      sids.map(async (sid, at) => {
        const session = await journal.create(recordOf(sid))
        const model = new Model()
        for (let number = 1; number <= 20; number++) {
          const order = at * 100 + number
          const write = writeOf(number, [messageOf(order, Uint8Array.of(at, number))], [order - 5])
          await session.write(write)
          model.apply(write)
        }
        return model
      }),
    )
    // One whose id begins with another's.
    await (await journal.create(recordOf('session'))).write(writeOf(1))
    for (const [at, sid] of sids.entries()) await holds(journal, sid, models[at]?.snapshot)
  },

  async 'keeps ten thousand messages of one session'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const model = new Model()
    for (let number = 1; number <= 100; number++) {
      const add = Array.from({ length: 100 }, (_, i) => messageOf((number - 1) * 100 + i))
      const write = writeOf(number, add)
      await session.write(write)
      model.apply(write)
    }
    const odd = Array.from({ length: 5000 }, (_, i) => i * 2 + 1)
    const last = writeOf(101, [], odd)
    await session.write(last)
    const held = await holds(journal, 'a', model.apply(last).snapshot)
    await held.remove()
    same(await journal.find('a'), undefined, 'the record of a session that was removed')
  },

  async 'lists every session, the one written last at the end'({ journal }) {
    same(await journal.list(), [], 'the list of an empty journal')
    const [a, b] = [await journal.create(recordOf('a')), await journal.create(recordOf('b'))]
    const c = await journal.create(recordOf('c', { role: 'server' }))
    const order = async () => (await journal.list()).map(({ sid }) => sid)
    same(await order(), ['a', 'b', 'c'], 'the order in which they were made')
    await b.write(writeOf(1))
    await a.write(writeOf(1))
    same(await order(), ['c', 'b', 'a'], 'the order after writes')
    await a.release()
    same(await order(), ['c', 'b', 'a'], 'the order after a release of what was last anyway')
    await b.release()
    same(await order(), ['c', 'a', 'b'], 'the order after a release')
    await c.write(writeOf(1))
    await (await claimed(journal, 'b')).journal.remove()
    same(await journal.list(), [recordOf('a'), recordOf('c', { role: 'server' })], 'the list')
  },

  async 'forgets what nobody holds and nobody has written for long'({ journal }) {
    const held = await journal.create(recordOf('held'))
    const [left, kept] = [await journal.create(recordOf('left')), await journal.create(recordOf('kept'))]
    await left.write(writeOf(1, [messageOf(1), messageOf(2)]))
    await left.release()
    same(await journal.prune(3_600_000), 0, 'how many are an hour old')
    await kept.release()
    await claimed(journal, 'kept')
    same(await journal.prune(0), 1, 'how many it forgot')
    same((await journal.list()).map(({ sid }) => sid).sort(), ['held', 'kept'], 'what is left')
    await held.write(writeOf(1))
    // Nothing of it comes back with a new session of that id.
    await journal.create(recordOf('left'))
    const again = await claimed(journal, 'left')
    same(again.snapshot, undefined, 'what is restored of a new session')
  },

  async 'is closed for good'({ journal }) {
    const session = await journal.create(recordOf('a'))
    const writes = [1, 2, 3].map((number) => session.write(writeOf(number, [messageOf(number)])))
    const closing = journal.close()
    await Promise.all([...writes, closing, journal.close()])
    await fails(session.write(writeOf(4)), 'journal-failed', 'a write after the close')
    await fails(journal.create(recordOf('b')), 'journal-failed', 'a new session after the close')
    await fails(journal.find('a'), 'journal-failed', 'a look after the close')
    await fails(journal.claim('a'), 'journal-failed', 'a claim after the close')
    await fails(journal.list(), 'journal-failed', 'a list after the close')
    await fails(journal.prune(0), 'journal-failed', 'a prune after the close')
    check((await journal.close()) === undefined, 'closing again is no failure')
  },
}
