/**
 * The contract of journals as tests, for whoever writes one of their own: over Redis, a database, files.
 *
 * @packageDocumentation
 */
import type { Journal } from '../journal.ts'
import { onTime } from './checks.ts'
import { breaking, closing, crashing, type Hands } from './enduring.ts'
import { holding } from './holding.ts'
import { writing } from './writing.ts'

/** A store that journals are opened on. */
export interface JournalStore {
  /** Opens a journal on it; again only after the one before was closed, or has crashed. */
  open(): Promise<Journal>
  /** Ends the open journal as the end of its process would: what is not written is never written, nor ever resolved. */
  crash?(): Promise<void>
  /** Makes every write of the store fail from now on, or work again. */
  fail?(failing: boolean): void
  /** Frees what the store takes. Every journal on it was closed, or has crashed. */
  dispose?(): Promise<void>
}

export interface JournalKind {
  /** Makes an empty store: another one for each test. */
  makeStore(): Promise<JournalStore>
  /** Whether what was written is there again when the store is opened anew. */
  durable: boolean
  /** Whether the stores have `crash`. @default false */
  crashes?: boolean
  /** Whether the stores have `fail`. @default false */
  fails?: boolean
}

export interface JournalCase {
  name: string
  /** Rejects with what is not as the contract says. */
  run(): Promise<void>
}

/**
 * Every test of the contract that can be made of this kind of journal, for any test runner:
 *
 *     for (const { name, run } of journalConformance(kind)) test(name, run)
 */
export function journalConformance(kind: JournalKind): JournalCase[] {
  const bodies = {
    ...writing,
    ...holding,
    ...(kind.durable && closing),
    ...(kind.crashes && crashing),
    ...(kind.fails && breaking),
  }
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => onTime(runOn(kind, body)) }))
}

async function runOn(kind: JournalKind, body: (hands: Hands) => Promise<void>): Promise<void> {
  const store = await kind.makeStore()
  const hands: Hands = {
    journal: await store.open(),
    async reopen() {
      await hands.journal.close()
      hands.journal = await store.open()
    },
    async crash() {
      await store.crash?.()
      hands.journal = await store.open()
    },
    fail: (failing) => store.fail?.(failing),
  }
  try {
    await body(hands)
  } finally {
    store.fail?.(false)
    await hands.journal.close()
    await store.dispose?.()
  }
}
