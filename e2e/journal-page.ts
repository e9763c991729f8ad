import { connect } from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'
import { journalConformance } from '@lastword/session/journal-conformance'
import { pageJournal } from '@lastword/session/journal-indexeddb'
import { Level } from 'level'

/** What a page with a bundler has: journals in its IndexedDB. Bundled by the spec, and put into `window`. */

const record = {
  sid: 'written-on-and-on',
  role: 'client',
  key: 'k'.repeat(32),
  url: 'ws://server.test/',
} as const

/** Each adds two messages, and removes one of the write before. */
function writeOf(number: number) {
  const add = [2 * number - 1, 2 * number].map((order) => ({ order, id: `m${order}`, rest: '}', bytes: 9 }))
  const both = { acked: number, handledTotal: number }
  const state = {
    v: 1,
    links: number,
    welcomed: true,
    out: both,
    in: { ...both, got: number, handled: 0 },
  } as const
  return { number, add, remove: [2 * number - 2], state }
}

const page = {
  connect,

  journalIn: (name: string) => levelJournal(new Level(name)),

  /** Runs the contract's tests, each with a database of its own, and returns what went wrong. */
  async conformance(kind: 'level' | 'indexeddb'): Promise<{ cases: number; failures: string[] }> {
    let count = 0
    const cases = journalConformance({
      durable: true,
      async makeStore() {
        const name = `conformance-${kind}-${++count}`
        return {
          open: async () =>
            kind === 'level' ? levelJournal(new Level(name)) : pageJournal({ database: name }),
        }
      },
    })
    const failures: string[] = []
    for (const { name, run } of cases) {
      await run().catch((error: unknown) => failures.push(`${name}: ${error}`))
    }
    return { cases: cases.length, failures }
  },

  /** Writes until its process is gone; says after each write that it stands. */
  async writeOnAndOn(database: string): Promise<void> {
    const session = await pageJournal({ database }).create(record)
    for (let number = 1; ; number++) {
      await session.write(writeOf(number))
      console.log(`stands ${number}`)
    }
  },

  /** What stands of that: the number of the last write, if it is whole, and so is every one before. */
  async lastWrite(database: string): Promise<number> {
    const journal = pageJournal({ database })
    const { snapshot } = (await journal.claim(record.sid, { ifFree: true })) ?? {}
    const number = snapshot?.state.links ?? 0
    const orders = snapshot?.messages.map(({ order }) => order) ?? []
    const expected = Array.from({ length: number }, (_, at) => 2 * at + 1)
    if (number > 0) expected.push(2 * number)
    if (orders.join() !== expected.join()) throw new Error(`after ${number} writes there is ${orders}`)
    return number
  },
}

declare global {
  var journals: typeof page
}

globalThis.journals = page
