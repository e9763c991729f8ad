/** What the pages of one origin that share a journal tell each other: which sessions there are that one of them has. */
export class Neighbours {
  readonly #name: string
  readonly #onSession: (sid: string) => void
  readonly #url: string
  #channel: BroadcastChannel | undefined

  constructor(database: string, url: string, onSession: (sid: string) => void) {
    this.#name = `lastword:${database}`
    this.#url = url
    this.#onSession = onSession
  }

  /** An open channel may keep a page out of the back-forward cache. */
  open(): void {
    if (typeof BroadcastChannel !== 'function' || this.#channel !== undefined) return
    this.#channel = new BroadcastChannel(this.#name)
    this.#channel.onmessage = ({ data }: MessageEvent<{ sid?: unknown; url?: unknown } | null>) => {
      if (typeof data?.sid === 'string' && data.url === this.#url) this.#onSession(data.sid)
    }
  }

  /** This page has a session. */
  tell(sid: string): void {
    this.#channel?.postMessage({ sid, url: this.#url })
  }

  close(): void {
    this.#channel?.close()
    this.#channel = undefined
  }
}
