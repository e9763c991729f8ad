import { platform } from '../platform.ts'

/**
 * The Web Locks by which the pages of one origin know who has which session: a page holds a session's lock as long as it
 * has the session, and the browser frees it when the page dies. Where there are none, as on a page that did not come by
 * https, everything counts as free.
 */
export class SessionLocks {
  readonly #prefix: string
  readonly #onStolen: (sid: string) => void
  /** What lets go of a lock, by session. */
  readonly #held = new Map<string, () => Promise<void>>()

  /** `onStolen`: another page has taken a session from this one. */
  constructor(database: string, onStolen: (sid: string) => void) {
    this.#prefix = `lastword:${database}:`
    this.#onStolen = onStolen
  }

  /** Whether this browser, and the way this page was loaded, has locks at all. */
  get there(): boolean {
    return lockManager() !== undefined
  }

  has(sid: string): boolean {
    return this.#held.has(sid)
  }

  /** Takes the lock of a session if no page has it. Returns false if one has. */
  take(sid: string): Promise<boolean> {
    if (this.has(sid)) return Promise.resolve(true)
    return this.#request(sid, { ifAvailable: true })
  }

  /** Waits for the lock until it is free, or `signal` is aborted, which it rejects for. */
  whenFree(sid: string, signal: AbortSignal): Promise<boolean> {
    return this.#request(sid, { signal })
  }

  /** Takes the lock from whoever has it, after `waitMs` for them to let go. Resolves with whether somebody had it to the end. */
  async steal(sid: string, waitMs: number): Promise<boolean> {
    if (await this.take(sid)) return false
    if (waitMs > 0) {
      const late = new AbortController()
      const cancel = platform.setTimer(waitMs, () => late.abort(), false)
      const taken = await this.whenFree(sid, late.signal).catch(() => false)
      cancel()
      if (taken) return false
    }
    return this.#request(sid, { steal: true })
  }

  /** Resolves when the lock is free for others. */
  async free(sid: string): Promise<void> {
    const free = this.#held.get(sid)
    this.#held.delete(sid)
    await free?.()
  }

  async freeAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((sid) => this.free(sid)))
  }

  #request(sid: string, options: LockOptions): Promise<boolean> {
    const locks = lockManager()
    if (locks === undefined) {
      this.#held.set(sid, async () => {})
      return Promise.resolve(true)
    }
    return new Promise((resolve, reject) => {
      let letGo: (() => Promise<void>) | undefined
      const over = locks.request(this.#prefix + sid, options, (lock) => {
        if (lock === null) return resolve(false)
        return new Promise<void>((end) => {
          letGo = async () => {
            end()
            await over.catch(() => {})
          }
          this.#held.set(sid, letGo)
          resolve(true)
        })
      })
      over.catch((error) => {
        // Aborted while it waited, or never granted at all.
        if (letGo === undefined) return reject(error)
        if (this.#held.get(sid) !== letGo) return
        this.#held.delete(sid)
        this.#onStolen(sid)
      })
    })
  }
}

function lockManager(): LockManager | undefined {
  return (globalThis.navigator as { locks?: LockManager } | undefined)?.locks
}
