import type { MemoryLevel } from 'memory-level'
import type { LevelDatabase, LevelOperation } from '../src/level-database.ts'

type View = MemoryLevel<string, Uint8Array>

/**
 * A database in front of another one, that takes as long as a disk does, fails when it is told to, and can crash: what
 * it has not written by then it never writes, and what it was asked never answers.
 */
export class FaultyLevel implements LevelDatabase {
  readonly #below: View
  readonly #batchTurns: () => number
  failure: Error | undefined
  /** Whatever reads from the database is given this instead. */
  onGet: ((key: string) => Promise<Uint8Array | undefined>) | undefined
  batches = 0
  /** Crashes when it has done so many steps. */
  crashAt = Number.POSITIVE_INFINITY
  steps = 0
  #crashed = false

  constructor(below: View, batchTurns: () => number = () => 1) {
    this.#below = below
    this.#batchTurns = batchTurns
  }

  get status(): string {
    return this.#below.status
  }

  crash(): void {
    this.#crashed = true
  }

  async open(): Promise<void> {
    await this.#below.open()
  }

  async close(): Promise<void> {
    if (!this.#crashed) await this.#below.close()
  }

  async get(key: string, options: object): Promise<Uint8Array | undefined> {
    await this.#turns(1)
    if (this.onGet !== undefined) return this.onGet(key)
    return this.#below.get<string, Uint8Array>(key, options)
  }

  async batch(operations: LevelOperation[], options: object): Promise<void> {
    this.batches++
    await this.#turns(this.#batchTurns())
    if (this.failure !== undefined) throw this.failure
    await this.#below.batch<string, Uint8Array>(operations, options)
    await this.#turns(this.#batchTurns())
  }

  async *iterator(options: object): AsyncIterable<[string, Uint8Array]> {
    await this.#turns(1)
    for await (const entry of this.#below.iterator<string, Uint8Array>(options)) yield entry
  }

  /** What is asked of a database that has crashed is never answered. */
  async #turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
    if (++this.steps > this.crashAt) this.#crashed = true
    if (this.#crashed) await new Promise(() => {})
  }
}

/** What LevelDB says when the disk is full. */
export function diskFull(): Error {
  return Object.assign(new Error('IO error: journal/000003.log: No space left on device'), {
    code: 'LEVEL_IO_ERROR',
  })
}
