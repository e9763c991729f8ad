import { type News, type PeersState, paths, type StackId, type Step } from '../serve/news.ts'

/** Who wants to know what. */
export interface NewsListener {
  /** The server is there; what it has. */
  onServer(peers: PeersState): void
  /** The server cannot be reached. */
  onAway(): void
  onStep(call: string, stack: StackId, step: Step): void
}

/** What the server says beside the calls. Goes on by itself when the server was away. */
export class NewsStream {
  readonly #handled = new Map<string, number>()
  readonly #steps = new Set<string>()
  #look: Array<() => void> = []

  constructor(tab: string, listener: NewsListener) {
    const source = new EventSource(`${paths.news}?tab=${tab}`)
    source.onerror = () => listener.onAway()
    source.onmessage = ({ data }) => {
      const news = JSON.parse(data) as News
      switch (news.type) {
        case 'server':
          return listener.onServer(news.peers)
        case 'step':
          this.#steps.add(`${news.call} ${news.stack} ${news.step}`)
          listener.onStep(news.call, news.stack, news.step)
          break
        case 'ended':
          this.#handled.set(`${news.call} ${news.stack}`, news.handled)
      }
      for (const look of this.#look.splice(0)) look()
    }
  }

  /** Resolves with how many messages of a call the server has handled, once no more can come; with nothing if it does not say so in time. */
  async handled(call: string, stack: StackId, ms: number): Promise<number | undefined> {
    return this.#when(() => this.#handled.get(`${call} ${stack}`), ms)
  }

  /** Resolves when the server has done something in a call, or after `ms`. */
  async step(call: string, stack: StackId, step: Step, ms: number): Promise<void> {
    await this.#when(() => this.#steps.has(`${call} ${stack} ${step}`) || undefined, ms)
  }

  async #when<T>(value: () => T | undefined, ms: number): Promise<T | undefined> {
    const late = AbortSignal.timeout(ms)
    for (;;) {
      const found = value()
      if (found !== undefined || late.aborted) return found
      await new Promise<void>((resolve) => {
        this.#look.push(resolve)
        late.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}
