import type { JournaledMessage, JournalState, JournalWrite } from '@lastword/protocol'
import type { ClaimedSession, ClaimOptions, Journal, SessionJournal, SessionRecord } from './journal.ts'
import { journalClosed, sessionExists, sessionLost } from './journal-errors.ts'
import { type Hold, JournalHolders } from './journal-holders.ts'

/**
 * A journal that keeps sessions in memory: for tests, and for several adapters or clients of one process, which hand
 * sessions over to each other by it. It ends with the process, and so does what it holds.
 */
export function memoryJournal(): Journal {
  return new MemoryJournal()
}

interface Stored {
  readonly record: SessionRecord
  readonly messages: Map<number, JournaledMessage>
  state: JournalState | undefined
  writtenAt: number
}

class MemoryJournal implements Journal {
  /** In the order of their last writes. */
  readonly #sessions = new Map<string, Stored>()
  readonly #holders = new JournalHolders()
  #closed = false

  async create(record: SessionRecord): Promise<SessionJournal> {
    this.#checkOpen(record.sid)
    if (this.#sessions.has(record.sid)) throw sessionExists(record.sid)
    this.#put({ record: { ...record }, messages: new Map(), state: undefined, writtenAt: 0 })
    return this.#held(this.#holders.take(record.sid))
  }

  async find(sid: string): Promise<SessionRecord | undefined> {
    this.#checkOpen(sid)
    const stored = this.#sessions.get(sid)
    return stored && { ...stored.record }
  }

  async claim(sid: string, options: ClaimOptions = {}): Promise<ClaimedSession | undefined> {
    this.#checkOpen(sid)
    if (options.ifFree) {
      if (this.#holders.get(sid) !== undefined) return undefined
    } else if (this.#sessions.has(sid)) {
      await this.#holders.free(sid, options.waitMs ?? 0)
      this.#checkOpen(sid)
    }
    const stored = this.#sessions.get(sid)
    if (stored === undefined) return undefined
    this.#put(stored)
    const messages = [...stored.messages.values()].sort((a, b) => a.order - b.order).map(copyOf)
    return {
      record: { ...stored.record },
      snapshot: stored.state && { state: structuredClone(stored.state), messages },
      journal: this.#held(this.#holders.take(sid)),
    }
  }

  async list(): Promise<SessionRecord[]> {
    this.#checkOpen()
    return Array.from(this.#sessions.values(), ({ record }) => ({ ...record }))
  }

  async prune(idleMs: number): Promise<number> {
    this.#checkOpen()
    const before = performance.now() - idleMs
    let forgotten = 0
    for (const [sid, stored] of this.#sessions) {
      if (stored.writtenAt > before) break
      if (this.#holders.get(sid) !== undefined) continue
      this.#sessions.delete(sid)
      forgotten++
    }
    return forgotten
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sessions.clear()
    this.#holders.tellClosed(journalClosed)
    this.#holders.letAllGo()
  }

  /** What it holds does not change with the caller's objects, and neither do the caller's with what it holds. */
  #write(hold: Hold, { add, remove, state }: JournalWrite): void {
    this.#checkOpen(hold.sid)
    const stored = this.#sessions.get(hold.sid)
    if (hold.ended || stored === undefined) throw sessionLost(hold.sid)
    const copy = structuredClone(state)
    for (const message of add) stored.messages.set(message.order, copyOf(message))
    for (const order of remove) stored.messages.delete(order)
    stored.state = copy
    this.#put(stored)
  }

  #put(stored: Stored): void {
    stored.writtenAt = performance.now()
    this.#sessions.delete(stored.record.sid)
    this.#sessions.set(stored.record.sid, stored)
  }

  #held(hold: Hold): SessionJournal {
    return {
      write: async (write) => this.#write(hold, write),
      remove: async () => {
        if (!hold.ended) this.#sessions.delete(hold.sid)
        this.#holders.letGo(hold)
      },
      release: async () => {
        const stored = hold.ended ? undefined : this.#sessions.get(hold.sid)
        if (stored !== undefined) this.#put(stored)
        this.#holders.letGo(hold)
      },
      onWanted: (callback) => hold.onWanted(callback),
      onClosed: (callback) => hold.onClosed(callback),
    }
  }

  #checkOpen(sid?: string): void {
    if (this.#closed) throw journalClosed(sid)
  }
}

function copyOf(message: JournaledMessage): JournaledMessage {
  const { payload } = message
  // The `slice` of a Node buffer would share its bytes.
  return payload === undefined ? { ...message } : { ...message, payload: new Uint8Array(payload) }
}
