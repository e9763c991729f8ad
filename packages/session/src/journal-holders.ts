import { atMost } from './at-most.ts'
import { platform } from './platform.ts'

/** One holder's hold on a session. The token tells it from every other holder there has been, also in other processes. */
export class Hold {
  readonly sid: string
  readonly token: string
  /** Resolves when the session is let go, or taken over. */
  readonly over: Promise<void>
  #resolveOver!: () => void
  #ended = false
  #onWanted: (() => void) | undefined
  #onClosed: ((error: unknown) => void) | undefined
  #asked = false

  constructor(sid: string, token: string) {
    this.sid = sid
    this.token = token
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  end(): void {
    this.#ended = true
    this.#onWanted = undefined
    this.#onClosed = undefined
    this.#resolveOver()
  }

  onWanted(callback: () => void): void {
    if (!this.#ended) this.#onWanted = callback
  }

  onClosed(callback: (error: unknown) => void): void {
    if (!this.#ended) this.#onClosed = callback
  }

  /** Tells the holder, once, that its journal takes nothing any more. */
  tellClosed(error: unknown): void {
    const callback = this.#onClosed
    this.#onClosed = undefined
    try {
      callback?.(error)
    } catch (thrown) {
      platform.report(thrown)
    }
  }

  /** Tells the holder, once, that it is wanted. Returns false if it has not asked to be told, so that waiting is of no use. */
  ask(): boolean {
    if (this.#onWanted === undefined) return this.#asked && !this.#ended
    const callback = this.#onWanted
    this.#onWanted = undefined
    this.#asked = true
    try {
      callback()
    } catch (error) {
      platform.report(error)
    }
    return true
  }
}

/** Who holds which session in this process: one holder each. */
export class JournalHolders {
  readonly #holds = new Map<string, Hold>()

  get(sid: string): Hold | undefined {
    return this.#holds.get(sid)
  }

  /** Whoever held the session before holds it no more. */
  take(sid: string): Hold {
    this.#holds.get(sid)?.end()
    const hold = new Hold(sid, newToken())
    this.#holds.set(sid, hold)
    return hold
  }

  letGo(hold: Hold): void {
    hold.end()
    if (this.#holds.get(hold.sid) === hold) this.#holds.delete(hold.sid)
  }

  /** Those who hold a session learn that their journal is closed. */
  tellClosed(errorOf: (sid: string) => unknown): void {
    for (const hold of [...this.#holds.values()]) hold.tellClosed(errorOf(hold.sid))
  }

  letAllGo(): void {
    for (const hold of this.#holds.values()) hold.end()
    this.#holds.clear()
  }

  /** Resolves when nobody holds the session, when its holder is not willing to let it go, or after `waitMs`. */
  async free(sid: string, waitMs: number): Promise<void> {
    const deadline = performance.now() + waitMs
    for (;;) {
      const hold = this.#holds.get(sid)
      const leftMs = deadline - performance.now()
      if (hold === undefined || leftMs <= 0 || !hold.ask()) return
      await atMost(platform, leftMs, hold.over)
    }
  }
}

/** Drawn, not counted: a count would begin anew for a session that was removed and made again under the same id. */
function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
