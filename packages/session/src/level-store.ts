import { JournalError } from '@lastword/protocol'
import { journalClosed } from './journal-errors.ts'
import { encodings, type LevelDatabase, type LevelOperation, type LevelRange } from './level-database.ts'

/**
 * The database as a journal uses it: opened when it is first needed, its failures named, and what several sessions
 * write at a time written as one batch, which the disk is asked only once to keep.
 */
export class LevelStore {
  readonly #db: LevelDatabase
  readonly #sync: boolean
  readonly #operations = new Set<Promise<unknown>>()
  #waiting: Commit[] = []
  #committing = false
  #opened: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(db: LevelDatabase, sync: boolean) {
    this.#db = db
    this.#sync = sync
  }

  /**
   * Carries out work on the database, in its turn where there is one; what has been asked for is waited for by
   * `close`. Whatever it rejects with is a `JournalError`.
   */
  async run<T>(
    sid: string | undefined,
    work: () => Promise<T>,
    inTurn: (work: () => Promise<T>) => Promise<T> = (work) => work(),
  ): Promise<T> {
    if (this.#closed !== undefined) throw journalClosed(sid)
    const running = inTurn(() => this.#carryOut(sid, work))
    this.#operations.add(running)
    const done = () => this.#operations.delete(running)
    running.then(done, done)
    return running
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#db.get(key, encodings)
  }

  entries(range: LevelRange): AsyncIterable<[string, Uint8Array]> {
    return this.#db.iterator({ ...encodings, ...range })
  }

  /** Resolves when all of it stands. If it rejects, either all of it stands or nothing. */
  commit(operations: LevelOperation[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject })
      if (!this.#committing) void this.#commitAll()
    })
  }

  /** Resolves when what is under way is done and the database is closed. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #carryOut<T>(sid: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      // One that is open already may have been given to several journals.
      if (this.#db.status !== 'open') await this.#open()
      return await work()
    } catch (error) {
      throw error instanceof JournalError ? error : storeFailed(error, sid)
    }
  }

  async #open(): Promise<void> {
    this.#opened ??= this.#db.open()
    try {
      await this.#opened
    } catch (error) {
      // Whoever has it locked may let it go: the next call tries again.
      this.#opened = undefined
      throw error
    }
  }

  async #commitAll(): Promise<void> {
    this.#committing = true
    while (this.#waiting.length > 0) {
      const commits = this.#waiting.splice(0, commitsMax)
      try {
        const operations = commits.flatMap((commit) => commit.operations)
        await this.#db.batch(operations, { ...encodings, sync: this.#sync })
        for (const { resolve } of commits) resolve()
      } catch (error) {
        for (const { reject } of commits) reject(error)
      }
    }
    this.#committing = false
  }

  async #close(): Promise<void> {
    while (this.#operations.size > 0) await Promise.allSettled(this.#operations)
    try {
      await this.#db.close()
    } catch (error) {
      throw storeFailed(error, undefined)
    }
  }
}

interface Commit {
  readonly operations: LevelOperation[]
  resolve(): void
  reject(error: unknown): void
}

/** Bounds what one batch copies; as many sessions writing at once are waited for in turn. */
const commitsMax = 1000

/** What went wrong, with what can be done about it. */
function storeFailed(cause: unknown, sid: string | undefined): JournalError {
  const known = failures.find(({ sign }) => chainOf(cause).some((error) => sign.test(textOf(error))))
  // A database says that it is not open, and its causes why.
  const reason = messageOf(chainOf(cause).at(-1) ?? cause)
  const what = known === undefined ? `the database failed: ${reason}` : `${known.what} (${reason})`
  return new JournalError('journal-failed', what, {
    sessionId: sid,
    remedy:
      known?.remedy ?? 'See its cause. The sessions go on from what is stored once the database works again.',
    cause,
  })
}

const failures = [
  {
    sign: /LEVEL_LOCKED/,
    what: 'the database is locked: another process, or another object of this one, has it open',
    remedy: 'Close it there, make one journal for each database, or give each process a folder of its own.',
  },
  {
    sign: /LEVEL_CORRUPTION|Corruption:/,
    what: 'the database is corrupt',
    remedy:
      'Restore it from a copy, or try ClassicLevel.repair(folder); do not go on with what is left unseen.',
  },
  {
    sign: /ENOSPC|No space left|QuotaExceeded/,
    what: 'there is no room left for the journal',
    remedy: 'Make room, then open the database anew: nothing that was acknowledged is missing from it.',
  },
  {
    sign: /EACCES|EPERM|EROFS|Permission denied|Operation not permitted|Read-only file system/,
    what: 'the database cannot be opened or written for want of permission',
    remedy: 'Let this process read and write the folder and what is in it, or name another folder.',
  },
  {
    sign: /EEXIST|ENOTDIR|File exists|Not a directory/,
    what: 'the database cannot be opened: a file is in the way of its folder',
    remedy: 'Name a folder, which is made if it is not there, or move the file away.',
  },
  {
    sign: /LEVEL_DATABASE_NOT_OPEN|LEVEL_ITERATOR_NOT_OPEN/,
    what: 'the database is not open',
    remedy: 'Let the journal open and close it, and close the journal after the sessions that write to it.',
  },
]

/** An error and its causes, the innermost last. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let at = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at)
  return chain
}

function textOf(error: Error): string {
  return `${(error as { code?: unknown }).code ?? error.name} ${error.message}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
