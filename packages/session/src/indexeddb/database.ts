import { platform } from '../platform.ts'
import { databaseGone, incompatible, noDatabase, openingTooLong, storeFailed } from './failures.ts'

export interface DatabaseOptions {
  name: string
  durability: 'strict' | 'relaxed'
  openTimeoutMs: number
}

/** The stores of one transaction. */
export interface Stores {
  /** By the session's id: a `StoredSession`. */
  sessions: IDBObjectStore
  /** By the session's id and the message's order: a `StoredMessage`. */
  messages: IDBObjectStore
  /** By a holder's token: when the session was taken from it, while it may be alive. */
  robbed: IDBObjectStore
  /** By the session's id: until when its page may come back for it. Apart from the session, so that leaving changes nothing else. */
  left: IDBObjectStore
}

const storeNames = ['sessions', 'messages', 'robbed', 'left'] as const

interface TransactionOptions {
  scope?: ReadonlyArray<keyof Stores>
  durability?: 'strict' | 'relaxed'
}

/** The only version so far. */
const version = 1

/** A page's connection to its database: opened when it is first needed, its failures named. */
export class PageDatabase {
  readonly options: DatabaseOptions
  #connection: Promise<IDBDatabase> | undefined
  /** Counts connections: whoever began on one that is gone must not go on on the next. */
  generation = 0

  constructor(options: DatabaseOptions) {
    this.options = options
  }

  /**
   * One transaction over all stores, or those that are named: transactions that have none in common do not wait for each
   * other. `work` places its requests, and may await them but nothing else. Resolves with what
   * it returns when all of it stands; if it rejects, nothing of it does.
   *
   * @throws JournalError, or what `work` throws; a `ConstraintError` as it is
   */
  async transact<T>(
    mode: IDBTransactionMode,
    sid: string | undefined,
    work: (stores: Stores) => T | Promise<T>,
    { scope = storeNames, durability = this.options.durability }: TransactionOptions = {},
  ): Promise<T> {
    const { name } = this.options
    const connection = await this.#open()
    let transaction: IDBTransaction
    try {
      transaction = connection.transaction([...scope], mode, { durability })
    } catch (cause) {
      throw storeFailed(name, cause, sid)
    }
    const complete = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was ended'))
    })
    complete.catch(() => {})
    const stores = Object.fromEntries(
      scope.map((name) => [name, transaction.objectStore(name)]),
    ) as unknown as Stores
    try {
      const result = await work(stores)
      // Without it the page would have to hear of the last request first, which one that goes away does not.
      if (mode === 'readwrite') commit(transaction)
      await complete
      return result
    } catch (error) {
      abort(transaction)
      const cause = await complete.then(
        () => error,
        (reason: unknown) => transaction.error ?? (error instanceof DOMException ? reason : error),
      )
      if ((cause as { name?: unknown } | null)?.name === 'ConstraintError') throw cause
      throw error instanceof DOMException || error === cause ? storeFailed(name, cause, sid) : error
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    this.generation++
    await connection?.then(
      (database) => database.close(),
      () => {},
    )
  }

  async #open(): Promise<IDBDatabase> {
    if (this.#connection === undefined) {
      const opening = this.#connect()
      this.#connection = opening
      // Whatever was in the way may go: the next call tries again.
      opening.catch(() => this.#gone(opening))
    }
    return this.#connection
  }

  #connect(): Promise<IDBDatabase> {
    const { name, openTimeoutMs } = this.options
    return new Promise((resolve, reject) => {
      const factory = globalThis.indexedDB as IDBFactory | undefined
      if (!factory) return reject(noDatabase())
      let request: IDBOpenDBRequest
      try {
        request = factory.open(name, version)
      } catch (cause) {
        return reject(storeFailed(name, cause))
      }
      let late = false
      const cancel = platform.setTimer(
        openTimeoutMs,
        () => {
          late = true
          reject(openingTooLong(name, openTimeoutMs))
        },
        false,
      )
      request.onupgradeneeded = () => {
        for (const store of storeNames) request.result.createObjectStore(store)
      }
      request.onerror = () => {
        cancel()
        reject(storeFailed(name, request.error))
      }
      request.onsuccess = () => {
        cancel()
        const database = request.result
        if (late) return database.close()
        if (!storeNames.every((store) => database.objectStoreNames.contains(store))) {
          database.close()
          return reject(incompatible(name, 'it has other stores'))
        }
        const opened = this.#connection
        // Somebody deletes it, or the browser does.
        database.onversionchange = () => {
          database.close()
          this.#gone(opened)
        }
        database.onclose = () => this.#gone(opened)
        resolve(database)
      }
    })
  }

  #gone(connection: Promise<IDBDatabase> | undefined): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    this.generation++
  }

  /** @throws JournalError if what was begun on this connection cannot go on: the database may have been emptied meanwhile */
  checkGeneration(generation: number, sid: string): void {
    if (generation !== this.generation) throw databaseGone(this.options.name, sid)
  }
}

/** What a request gives. Awaited within a transaction, which stays open for what follows. */
export function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function commit(transaction: IDBTransaction): void {
  try {
    transaction.commit?.()
  } catch {
    // It has failed already, and says so itself.
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It is over already.
  }
}
