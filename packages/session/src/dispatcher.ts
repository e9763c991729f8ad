import {
  type Contract,
  LastwordError,
  PayloadError,
  type RemoteErrorBody,
  type Validation,
  validate,
} from '@lastword/protocol'
import { type IncomingMessage, remoteErrorBody } from './incoming-message.ts'
import { type IteratorHost, MessageIterator } from './message-iterator.ts'

export type Handler = (payload: never, message: IncomingMessage<never>) => unknown

/** What the dispatcher needs of its session. */
export interface DispatcherHost {
  /** The application has finished with a message. */
  onHandled(message: IncomingMessage): void
  onUnhandled(message: IncomingMessage): void
  onError(error: LastwordError): void
}

/**
 * Brings what arrives to handlers and iterators: handlers are started in order, up to `concurrency` at once; what
 * nothing listens for is kept, by name, until something does.
 */
export class Dispatcher {
  readonly #host: DispatcherHost
  readonly #contract: Contract | undefined
  readonly #concurrency: number
  readonly #handlers = new Map<string, Handler>()
  /** Messages that nothing listens for, by name. */
  readonly #kept = new Map<string, IncomingMessage[]>()
  /** Messages whose handler waits for a place, in order. */
  #ready: IncomingMessage[] = []
  #running = 0
  /** A schema is still looking at the message before these. */
  #validating = false
  #iterator: MessageIterator | undefined
  readonly #open = new Map<string, IncomingMessage>()
  /** Messages that the application has been told are unhandled. */
  readonly #told = new WeakSet<IncomingMessage>()
  #finished = false

  constructor(host: DispatcherHost, contract: Contract | undefined, concurrency: number) {
    this.#host = host
    this.#contract = contract
    this.#concurrency = concurrency
  }

  /** Messages received and not handled. */
  get openCount(): number {
    return this.#open.size
  }

  /** Of those, the ones that nothing listens for. */
  get keptCount(): number {
    let count = 0
    for (const messages of this.#kept.values()) count += messages.length
    return count
  }

  /** Requests received and not handled. */
  openRequests(): IncomingMessage[] {
    return [...this.#open.values()].filter((message) => message.isRequest)
  }

  receive(message: IncomingMessage): void {
    this.#open.set(message.id, message)
    if (this.#handlers.has(message.name)) {
      this.#ready.push(message)
      this.#startReady()
    } else if (this.#iterator !== undefined) {
      this.#iterator.push(message)
    } else if (message.isRequest && this.#handlers.size > 0) {
      this.#refuse(message)
    } else {
      const kept = this.#kept.get(message.name)
      if (kept === undefined) this.#kept.set(message.name, [message])
      else kept.push(message)
      if (this.#told.has(message)) return
      this.#told.add(message)
      this.#host.onUnhandled(message)
    }
  }

  /** False if the name has a handler already. */
  addHandler(name: string, handler: Handler): boolean {
    if (this.#handlers.has(name)) return false
    this.#handlers.set(name, handler)
    const kept = this.#kept.get(name)
    if (kept !== undefined) {
      this.#kept.delete(name)
      this.#ready.push(...kept)
    }
    this.#startReady()
    // From now on the application is known to answer requests: those that it has no handler for are refused.
    for (const messages of this.#kept.values()) {
      for (const message of messages) if (message.isRequest) this.#refuse(message)
    }
    this.#dropRefused()
    return true
  }

  removeHandler(name: string, handler: Handler): void {
    if (this.#handlers.get(name) === handler) this.#handlers.delete(name)
  }

  /** `undefined` while another iterator is attached. */
  iterate(): AsyncIterableIterator<IncomingMessage> | undefined {
    if (this.#iterator !== undefined) return undefined
    const kept = [...this.#kept.values()].flat().sort((a, b) => a.seq - b.seq)
    this.#kept.clear()
    const iterator = new MessageIterator(this.#iteratorHost())
    this.#iterator = iterator
    for (const message of kept) iterator.push(message)
    if (this.#finished) iterator.end()
    return iterator
  }

  cancel(requestId: string): void {
    this.#open.get(requestId)?.cancel()
  }

  /** The application closes: a request that nothing listens for is refused now, for nobody will come any more. */
  refuseKept(): void {
    for (const message of [...this.#kept.values()].flat()) if (message.isRequest) this.#refuse(message)
    this.#dropRefused()
  }

  /** Nothing will be received any more. Iterators end behind what they still have. */
  finish(): void {
    this.#finished = true
    this.#iterator?.end()
  }

  /** The session is over: handlers still running are told by their signal. */
  abort(): void {
    this.finish()
    this.#ready = []
    for (const message of this.#open.values()) message.cancel()
  }

  #startReady(): void {
    while (this.#ready.length > 0 && this.#running < this.#concurrency && !this.#validating) {
      const message = this.#ready.shift() as IncomingMessage
      const handler = this.#handlers.get(message.name)
      if (handler === undefined) {
        this.#open.delete(message.id)
        this.receive(message)
      } else this.#start(message, handler)
    }
  }

  #start(message: IncomingMessage, handler: Handler): void {
    this.#running++
    const validation = validate(this.#contract?.[message.name]?.payload, message.payload)
    if (!(validation instanceof Promise)) return this.#run(message, handler, validation)
    // Handlers start in order: the next one waits until this message is known to be fit.
    this.#validating = true
    const proceed = (outcome: Validation) => {
      this.#validating = false
      this.#run(message, handler, outcome)
      this.#startReady()
    }
    validation.then(proceed, (error) => proceed({ issues: [{ message: `the schema failed: ${error}` }] }))
  }

  #run(message: IncomingMessage, handler: Handler, validation: Validation): void {
    if ('issues' in validation) {
      const error = new PayloadError(message.name, validation.issues)
      message.fail('payload-invalid', error.message.slice(0, 1024))
      this.#host.onError(error)
      return this.#done(message)
    }
    message.payload = validation.value
    try {
      const result = handler(message.payload as never, message as never)
      if (!isPromise(result)) return this.#answer(message, result)
      result.then(
        (value) => this.#answer(message, value),
        (error) => this.#failed(message, error),
      )
    } catch (error) {
      this.#failed(message, error)
    }
  }

  #answer(message: IncomingMessage, value: unknown): void {
    let settled: void | Promise<void>
    try {
      settled = message.reply(value)
    } catch (error) {
      return this.#failed(message, error)
    }
    if (settled === undefined) this.#done(message)
    else
      settled.then(
        () => this.#done(message),
        (error) => this.#failed(message, error),
      )
  }

  #failed(message: IncomingMessage, cause: unknown): void {
    const body: RemoteErrorBody = remoteErrorBody(cause)
    const asked = !message.answered
    message.fail(body.code, body.message)
    // A request's failure is told to its sender; what was told as a `RemoteError` on purpose needs no second report.
    if (!asked || body.code === 'handler-failed') {
      const what = `the handler of "${message.name}" failed on message ${message.id}`
      this.#host.onError(new LastwordError('handler-failed', `${what}: ${String(cause)}`, { cause }))
    }
    this.#done(message)
  }

  #done(message: IncomingMessage): void {
    this.#running--
    this.#finishWith(message)
    this.#startReady()
  }

  #finishWith(message: IncomingMessage): void {
    if (this.#open.delete(message.id)) this.#host.onHandled(message)
  }

  #refuse(message: IncomingMessage): void {
    message.fail('no-handler', `nothing handles "${message.name}" here`.slice(0, 1024))
    this.#finishWith(message)
  }

  #dropRefused(): void {
    for (const [name, messages] of this.#kept) {
      const rest = messages.filter((message) => this.#open.has(message.id))
      if (rest.length === 0) this.#kept.delete(name)
      else this.#kept.set(name, rest)
    }
  }

  #iteratorHost(): IteratorHost {
    return {
      prepare: (message) => {
        const validation = validate(this.#contract?.[message.name]?.payload, message.payload)
        return validation instanceof Promise
          ? validation.then((outcome) => this.#admit(message, outcome))
          : this.#admit(message, validation)
      },
      handled: (message) => {
        if (!message.answered) message.fail('no-reply', 'the message was taken and not answered')
        this.#finishWith(message)
      },
      detach: (rest) => {
        this.#iterator = undefined
        for (const message of rest) {
          this.#open.delete(message.id)
          this.receive(message)
        }
      },
    }
  }

  #admit(message: IncomingMessage, validation: Validation): boolean {
    if ('issues' in validation) {
      const error = new PayloadError(message.name, validation.issues)
      message.fail('payload-invalid', error.message.slice(0, 1024))
      this.#host.onError(error)
      this.#finishWith(message)
      return false
    }
    message.payload = validation.value
    return true
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
