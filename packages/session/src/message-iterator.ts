import type { IncomingMessage } from './incoming-message.ts'

/** What an iterator needs of the dispatcher. */
export interface IteratorHost {
  /** True if the message may be given out. */
  prepare(message: IncomingMessage): boolean | Promise<boolean>
  handled(message: IncomingMessage): void
  detach(rest: IncomingMessage[]): void
}

/** `for await` over messages: asking for the next one says that the last one is handled. */
export class MessageIterator implements AsyncIterableIterator<IncomingMessage> {
  readonly #host: IteratorHost
  #waiting: IncomingMessage[] = []
  #current: IncomingMessage | undefined
  #wake: (() => void) | undefined
  #ended = false
  #detached = false

  constructor(host: IteratorHost) {
    this.#host = host
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(message: IncomingMessage): void {
    this.#waiting.push(message)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<IncomingMessage>> {
    this.#release()
    for (;;) {
      const message = this.#waiting.shift()
      if (message !== undefined) {
        if (!(await this.#host.prepare(message))) continue
        this.#current = message
        return { done: false, value: message }
      }
      if (this.#ended) return this.return()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  async return(): Promise<IteratorResult<IncomingMessage>> {
    this.#release()
    const rest = this.#waiting
    this.#waiting = []
    this.#ended = true
    if (!this.#detached) {
      this.#detached = true
      this.#host.detach(rest)
    }
    this.#wake?.()
    return { done: true, value: undefined }
  }

  #release(): void {
    const message = this.#current
    this.#current = undefined
    if (message !== undefined) this.#host.handled(message)
  }
}
