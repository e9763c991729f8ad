import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { levelJournal } from '@lastword/server-adapter/journal-level'
import { memoryJournal } from '@lastword/server-adapter/journal-memory'
import { Level } from 'level'
import type { JournalKind } from './work.ts'

type Journal = ReturnType<typeof memoryJournal>

/** A journal that is gone with this process. */
export function journalOf(kind: JournalKind): Journal | undefined {
  if (kind === 'none') return undefined
  if (kind === 'memory') return memoryJournal()
  const folder = mkdtempSync(path.join(tmpdir(), 'lastword-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return levelJournal(new Level(folder))
}
