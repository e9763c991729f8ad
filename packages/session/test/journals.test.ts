import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { describe, test } from 'vitest'
import { type JournalKind, journalConformance } from '../src/conformance/index.ts'
import { levelJournal } from '../src/level-journal.ts'
import { memoryJournal } from '../src/memory-journal.ts'
import { diskFull, FaultyLevel } from './faulty-level.ts'

/** Every journal keeps the same contract. */
const kinds: Record<string, JournalKind> = {
  'a journal in memory': {
    durable: false,
    makeStore: async () => ({ open: async () => memoryJournal() }),
  },

  'a level journal over memory-level': {
    durable: true,
    async makeStore() {
      const db = new MemoryLevel()
      return { open: async () => levelJournal(db) }
    },
  },

  'a level journal over a database that is slow, fails and crashes': {
    durable: true,
    crashes: true,
    fails: true,
    async makeStore() {
      const below = new MemoryLevel<string, Uint8Array>()
      let batch = 0
      let db: FaultyLevel
      return {
        async open() {
          db = new FaultyLevel(below, () => ++batch % 3)
          return levelJournal(db)
        },
        crash: async () => db.crash(),
        fail(failing) {
          db.failure = failing ? diskFull() : undefined
        },
      }
    },
  },

  'a level journal over LevelDB': {
    durable: true,
    async makeStore() {
      const folder = await mkdtemp(join(tmpdir(), 'lastword-journal-'))
      return {
        open: async () => levelJournal(new Level(folder)),
        dispose: () => rm(folder, { recursive: true }),
      }
    },
  },

  'a level journal over a sublevel of LevelDB, not synced': {
    durable: true,
    async makeStore() {
      const folder = await mkdtemp(join(tmpdir(), 'lastword-journal-'))
      const opened: Level<number, number>[] = []
      return {
        async open() {
          // Only the sublevel is closed with the journal.
          await Promise.all(opened.map((db) => db.close()))
          const db = new Level<number, number>(folder, { keyEncoding: 'json', valueEncoding: 'json' })
          opened.push(db)
          return levelJournal(db.sublevel('sessions', { valueEncoding: 'json' }), { sync: false })
        },
        async dispose() {
          await Promise.all(opened.map((db) => db.close()))
          await rm(folder, { recursive: true })
        },
      }
    },
  },
}

for (const [name, kind] of Object.entries(kinds)) {
  describe(name, () => {
    for (const { name, run } of journalConformance(kind)) test(name, run)
  })
}
