import type { MsgEnvelope, RemoteError, RemoteErrorBody } from '@lastword/protocol'

/** What a message needs of the session that received it. */
export interface MessageHost {
  /** Sends the reply, valid or not by the contract; resolves when that is settled. */
  answer(message: IncomingMessage, value: unknown): void | Promise<void>
  answerError(message: IncomingMessage, error: RemoteErrorBody): void
}

/** A message of the peer, as handlers and `for await` get it. */
export class IncomingMessage<Payload = unknown> {
  /** The message's name in the contract; empty if it has none. */
  readonly name: string
  /** What the sender sent; by the contract's schema once a handler or iterator has it. */
  payload: Payload
  /** The same over every link and replay; what an application deduplicates by across sessions. */
  readonly id: string
  /** Trace context and the like, as the sender gave it. */
  readonly meta: Readonly<Record<string, string>>
  /** True if the sender waits for a reply. */
  readonly isRequest: boolean
  /**
   * True if it may have been handled before: its sender sent it in a session that was lost and cannot know, or this
   * side was restored after it had come. The `id` is the same as then. Else each message comes once.
   */
  readonly redelivered: boolean
  /** Its place in the sender's order. */
  readonly seq: number

  readonly #host: MessageHost
  #answered = false
  #abort: AbortController | undefined
  #cancelled = false
  #handled = false
  #whenHandled: Array<() => void> | undefined
  #toldUnhandled = false
  // Private, so that whoever prints a message sees it alone.
  #open = false
  #openBefore: IncomingMessage | undefined
  #openAfter: IncomingMessage | undefined

  constructor(
    envelope: MsgEnvelope,
    binary: Uint8Array | undefined,
    redelivered: boolean,
    host: MessageHost,
  ) {
    this.name = envelope.ch ?? ''
    this.payload = (binary ?? envelope.d) as Payload
    this.id = envelope.id
    this.meta = envelope.meta ?? noMeta
    this.isRequest = envelope.ask === true
    this.redelivered = redelivered
    this.seq = envelope.seq
    this.#host = host
  }

  /** Aborted when the sender no longer wants the reply, or the session has ended. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#cancelled) this.#abort.abort()
    }
    return this.#abort.signal
  }

  /** True once the request has its reply, or is none. */
  get answered(): boolean {
    return this.#answered || !this.isRequest
  }

  /** Answers a request from a `for await` loop; handlers return their reply instead. The first answer counts. */
  reply(value: unknown): void | Promise<void> {
    if (this.answered) return
    this.#answered = true
    return this.#host.answer(this, value)
  }

  /** Answers a request with an error, which its sender gets as a `RemoteError`. */
  fail(code: string, message: string): void {
    if (this.answered) return
    this.#answered = true
    this.#host.answerError(this, { code, message })
  }

  /** For the session: resolves when the application has finished with the message. */
  get whenHandled(): Promise<void> {
    if (this.#handled) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenHandled ??= []
      this.#whenHandled.push(resolve)
    })
  }

  /** For the session: the application has finished with the message. */
  settle(): void {
    this.#handled = true
    for (const resolve of this.#whenHandled ?? []) resolve()
  }

  /** For the session: notes that the application knows that nothing listens for it. False if that was noted before. */
  noteUnhandled(): boolean {
    if (this.#toldUnhandled) return false
    this.#toldUnhandled = true
    return true
  }

  /** For `OpenMessages`: true while it is one of them, and its neighbours there. */
  get open(): boolean {
    return this.#open
  }

  set open(open: boolean) {
    this.#open = open
  }

  get openBefore(): IncomingMessage | undefined {
    return this.#openBefore
  }

  set openBefore(message: IncomingMessage | undefined) {
    this.#openBefore = message
  }

  get openAfter(): IncomingMessage | undefined {
    return this.#openAfter
  }

  set openAfter(message: IncomingMessage | undefined) {
    this.#openAfter = message
  }

  /** For the session: true if `error` is what the message's signal was aborted with. */
  cancelledBy(error: unknown): boolean {
    return this.#cancelled && error === this.#abort?.signal.reason
  }

  /** For the session: the sender, or the session's end, has cancelled. */
  cancel(): void {
    this.#cancelled = true
    this.#abort?.abort()
  }
}

/** What the asker is told of a handler's failure: a `RemoteError` as it is, of anything else only that it happened. */
export function remoteErrorBody(error: unknown): RemoteErrorBody {
  // Another script of the page may have made it, with a class of its own.
  const { code, remoteCode, message } = (error ?? {}) as Partial<RemoteError>
  if (code === 'remote-error') return { code: String(remoteCode), message: String(message) }
  return { code: 'handler-failed', message: 'the handler failed; the other side has the details' }
}

const noMeta: Readonly<Record<string, string>> = Object.freeze({})
