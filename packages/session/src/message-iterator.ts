import type { IncomingMessage } from './incoming-message.ts'
import type { Checked } from './payload-check.ts'

/** What an iterator needs of the dispatcher. */
export interface IteratorHost {
  /** False while the message must wait for room: `wake` follows. */
  mayGive(message: IncomingMessage): boolean
  check(message: IncomingMessage): Checked | Promise<Checked>
  /** True if the message may be given out; it is done with otherwise. */
  admit(message: IncomingMessage, checked: Checked): boolean
  handled(message: IncomingMessage): void
  detach(rest: IncomingMessage[]): void
}

/** `for await` over messages: asking for the next one, and leaving the loop, says that the last one is handled. */
export class MessageIterator implements AsyncIterableIterator<IncomingMessage> {
  readonly #host: IteratorHost
  #waiting: IncomingMessage[] = []
  /** A schema is looking at it. */
  #checking: IncomingMessage | undefined
  #current: IncomingMessage | undefined
  #wake: (() => void) | undefined
  /** Gives the schema up. */
  #stopChecking: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()
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

  /** The host may give out more than before. */
  wake(): void {
    this.#wake?.()
  }

  /** Nothing more will come: the iterator ends behind what it has. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** The session is over, and its report says of what waits here that it was not handled: it is not given out. */
  abort(): void {
    this.#waiting = []
    this.#stopChecking?.()
    this.end()
  }

  /** Calls that overlap take turns, as they do with an async generator. */
  next(): Promise<IteratorResult<IncomingMessage>> {
    const result = this.#turn.then(() => this.#advance())
    this.#turn = result.catch(() => {})
    return result
  }

  async return(): Promise<IteratorResult<IncomingMessage>> {
    this.#release()
    this.#ended = true
    if (!this.#detached) {
      this.#detached = true
      const rest = this.#checking === undefined ? this.#waiting : [this.#checking, ...this.#waiting]
      this.#waiting = []
      this.#host.detach(rest)
    }
    this.#stopChecking?.()
    this.#wake?.()
    return { done: true, value: undefined }
  }

  async #advance(): Promise<IteratorResult<IncomingMessage>> {
    this.#release()
    for (;;) {
      const message = this.#waiting[0]
      if (message !== undefined && this.#host.mayGive(message)) {
        this.#waiting.shift()
        this.#checking = message
        const checked = await this.#check(message)
        this.#checking = undefined
        if (checked === undefined || this.#detached) continue
        if (!this.#host.admit(message, checked)) continue
        this.#current = message
        return { done: false, value: message }
      }
      if (this.#ended && message === undefined) return this.return()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  /** Nothing if the iterator, or the session, ends first: a schema may never answer. */
  #check(message: IncomingMessage): Promise<Checked | undefined> {
    return new Promise((resolve) => {
      this.#stopChecking = () => resolve(undefined)
      void Promise.resolve(this.#host.check(message)).then(resolve)
    })
  }

  #release(): void {
    const message = this.#current
    this.#current = undefined
    if (message !== undefined) this.#host.handled(message)
  }
}
