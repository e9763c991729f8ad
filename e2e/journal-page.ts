import { connect } from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'
import { journalConformance } from '@lastword/session/journal-conformance'
import { pageJournal } from '@lastword/session/journal-indexeddb'
import { Level } from 'level'

/** What a page with a bundler has: journals in its IndexedDB. Bundled by the spec, and put into `window`. */

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
}

declare global {
  var journals: typeof page
}

globalThis.journals = page
