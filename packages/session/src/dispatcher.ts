import { type Contract, LastwordError, PayloadError, type RemoteErrorBody } from '@lastword/protocol'
import { HandlersByName } from './handlers-by-name.ts'
import { type IncomingMessage, remoteErrorBody } from './incoming-message.ts'
import { type IteratorHost, MessageIterator } from './message-iterator.ts'
import { OpenMessages } from './open-messages.ts'
import { type Checked, checkPayload } from './payload-check.ts'
import { wordsOf } from './words-of.ts'

export type Handler = (payload: never, message: IncomingMessage<never>) => unknown

/** What the dispatcher needs of its session. */
export interface DispatcherHost {
  readonly contract: Contract | undefined
  /** True from the session's end on, which `abort` follows: nothing is started any more. */
  over(): boolean
  /** False while the journal does not know that the message has come: what is begun must be marked if it is begun again. */
  mayBegin(message: IncomingMessage): boolean
  /** False while too many replies wait: requests then stay unacknowledged, so that the peer's window closes. */
  takesRequests(): boolean
  /** The application has finished with a message. */
  onHandled(message: IncomingMessage): void
  onUnhandled(message: IncomingMessage): void
  onError(error: LastwordError): void
  /** Calls back at the end of this turn of the event loop. */
  endOfTurn(callback: () => void): void
}

/**
 * Brings what arrives to handlers and iterators: handlers are started in order, up to `concurrency` at once; what
 * nothing listens for is kept, by name, until something does.
 */
export class Dispatcher {
  readonly #host: DispatcherHost
  readonly #concurrency: number | undefined
  readonly #handlers = new HandlersByName<Handler>()
  /** Messages that nothing listens for, by name, each list in order; made for the first of them. */
  #kept: Map<string, IncomingMessage[]> | undefined
  /** Messages whose handler waits for a place, in order; only while there are any. */
  #ready: IncomingMessage[] | undefined
  #running = 0
  /** Handlers are being started: one that finishes at once leaves the next one to that loop. */
  #starting = false
  /** A schema is still looking at the message before these. */
  #checking = false
  #iterator: MessageIterator | undefined
  /** Received and not handled; only while there are any. */
  #open: OpenMessages | undefined
  #refusalScheduled = false
  /** The application has closed: a request that nothing listens for is refused, for nobody will come any more. */
  #closing = false
  #finished = false
  /** Nothing is begun any more: somebody else goes on with the session. */
  #paused = false
  /** Messages that a loop has, and has not finished with. */
  #given = 0
  #idle: (() => void) | undefined

  constructor(host: DispatcherHost, concurrency: number | undefined) {
    this.#host = host
    this.#concurrency = concurrency
  }

  /** True once the application has attached a handler. */
  get listens(): boolean {
    return this.#handlers.count > 0
  }

  /** Messages received and not handled. */
  get openCount(): number {
    return this.#open?.count ?? 0
  }

  /** Of those, the ones that nothing listens for. */
  get keptCount(): number {
    let count = 0
    for (const messages of this.#kept?.values() ?? []) count += messages.length
    return count
  }

  /** Requests received and not handled. */
  openRequests(): IncomingMessage[] {
    return this.#open?.all().filter((message) => message.isRequest) ?? []
  }

  receive(message: IncomingMessage): void {
    this.#open ??= new OpenMessages()
    this.#open.add(message)
    this.#place(message)
  }

  /** False if the name has a handler already. */
  addHandler(name: string, handler: Handler): boolean {
    if (!this.#handlers.add(name, handler)) return false
    const kept = this.#kept?.get(name)
    if (kept !== undefined) {
      this.#kept?.delete(name)
      for (const message of kept) this.#makeReady(message)
    }
    this.#startReady()
    this.#scheduleRefusal()
    return true
  }

  removeHandler(name: string, handler: Handler): void {
    this.#handlers.remove(name, handler)
  }

  /** `undefined` while another iterator is attached. */
  iterate(): AsyncIterableIterator<IncomingMessage> | undefined {
    if (this.#iterator !== undefined) return undefined
    const kept = [...(this.#kept?.values() ?? [])].flat().sort((a, b) => a.seq - b.seq)
    this.#kept = undefined
    const iterator = new MessageIterator(this.#iteratorHost())
    this.#iterator = iterator
    for (const message of kept) iterator.push(message)
    if (this.#finished) iterator.end()
    return iterator
  }

  cancel(requestId: string): void {
    this.#open?.request(requestId)?.cancel()
  }

  /** What was held back may be begun now: there is room for replies again, or the journal knows of it. */
  resume(): void {
    if (this.#host.over()) return
    this.#iterator?.wake()
    this.#startReady()
    if (this.#refuses && !this.#refusalScheduled && this.#host.takesRequests()) this.#refuseKept()
  }

  /** Begins nothing any more. Resolves when the application has finished with everything that it has. */
  async pause(): Promise<void> {
    this.#paused = true
    // What still runs when the session is over changes nothing of it.
    if (this.#host.over() || this.#running + this.#given === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /** The application closes. */
  close(): void {
    this.#closing = true
    this.#refuseKept()
  }

  /** Nothing will be received any more. Iterators end behind what they still have. */
  finish(): void {
    this.#finished = true
    this.#iterator?.end()
  }

  /** The session is over: nothing is started any more, and handlers still running are told by their signal. */
  abort(): void {
    this.#finished = true
    this.#ready = undefined
    this.#kept = undefined
    this.#iterator?.abort()
    for (const message of this.#open?.all() ?? []) message.cancel()
    // The session may be kept for a while, so that its peer can ask how it ended: what it received is not.
    this.#open?.clear()
    this.#open = undefined
    this.#idle?.()
  }

  /** Brings a message to whatever listens for it. */
  #place(message: IncomingMessage): void {
    if (this.#host.over()) return
    const handler = this.#handlers.get(message.name)
    if (handler !== undefined) {
      // Mostly it has a place at once: a list to wait in would be made for each message of a session that is mostly idle.
      if (this.#ready === undefined && !this.#starting && this.#mayStart(message)) {
        this.#starting = true
        try {
          this.#start(message, handler)
        } finally {
          this.#starting = false
        }
      } else this.#makeReady(message)
      this.#startReady()
    } else if (this.#iterator !== undefined) {
      this.#iterator.push(message)
    } else if (message.isRequest && this.#refuses && !this.#refusalScheduled) {
      this.#refuseOrKeep(message)
    } else {
      this.#keep(message)
      if (message.noteUnhandled()) this.#host.onUnhandled(message)
    }
  }

  #keep(message: IncomingMessage): void {
    this.#kept ??= new Map()
    const kept = this.#kept.get(message.name)
    if (kept === undefined) this.#kept.set(message.name, [message])
    else insertInOrder(kept, message)
  }

  #mayGive(message: IncomingMessage): boolean {
    if (this.#paused || !this.#host.mayBegin(message)) return false
    return !message.isRequest || this.#host.takesRequests()
  }

  #mayStart(message: IncomingMessage): boolean {
    if (this.#checking || this.#host.over()) return false
    if (this.#concurrency !== undefined && this.#running >= this.#concurrency) return false
    return this.#mayGive(message)
  }

  #makeReady(message: IncomingMessage): void {
    this.#ready ??= []
    insertInOrder(this.#ready, message)
  }

  #startReady(): void {
    if (this.#starting || this.#ready === undefined) return
    this.#starting = true
    try {
      while (this.#ready !== undefined) {
        if (!this.#mayStart(this.#ready[0] as IncomingMessage)) return
        const message = this.#ready.shift() as IncomingMessage
        if (this.#ready.length === 0) this.#ready = undefined
        const handler = this.#handlers.get(message.name)
        if (handler === undefined) this.#place(message)
        else this.#start(message, handler)
      }
    } finally {
      this.#starting = false
    }
  }

  #start(message: IncomingMessage, handler: Handler): void {
    this.#running++
    const schema = this.#host.contract?.[message.name]?.payload
    if (schema === undefined) return this.#give(message, handler)
    const checked = checkPayload(schema, message.payload)
    if (!(checked instanceof Promise)) return this.#run(message, handler, checked)
    // Handlers start in order: the next one waits until this message is known to be fit.
    this.#checking = true
    void checked.then((outcome) => {
      this.#checking = false
      if (this.#host.over()) return
      this.#run(message, handler, outcome)
      this.#startReady()
    })
  }

  #run(message: IncomingMessage, handler: Handler, checked: Checked): void {
    if (this.#fits(message, checked)) this.#give(message, handler)
    else this.#done(message)
  }

  /** The handler gets the message, whose payload is fit. */
  #give(message: IncomingMessage, handler: Handler): void {
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
    // A handler that stopped because its signal told it to has done nothing wrong.
    if (message.cancelledBy(cause)) return this.#done(message)
    // A request's failure is told to its sender; what was told as a `RemoteError` on purpose needs no second report.
    if (!asked || body.code === 'handler-failed') {
      const what = `the handler of "${message.name}" failed on message ${message.id}`
      this.#host.onError(new LastwordError('handler-failed', `${what}: ${wordsOf(cause)}`, { cause }))
    }
    this.#done(message)
  }

  #done(message: IncomingMessage): void {
    this.#running--
    this.#finishWith(message)
    this.#tellIdle()
    this.#startReady()
  }

  #tellIdle(): void {
    if (this.#running + this.#given === 0) this.#idle?.()
  }

  #finishWith(message: IncomingMessage): void {
    if (this.#open?.remove(message) !== true) return
    if (this.#open.count === 0) this.#open = undefined
    this.#host.onHandled(message)
  }

  #refuseOrKeep(message: IncomingMessage): void {
    if (this.#host.over()) return
    if (!this.#mayGive(message)) return this.#keep(message)
    message.fail('no-handler', `nothing handles "${message.name}" here`.slice(0, 1024))
    this.#finishWith(message)
  }

  /** True once the application is known to answer requests, or to have closed: those that it has no handler for are refused. */
  get #refuses(): boolean {
    return this.#handlers.count > 0 || this.#closing
  }

  /** An application attaches its handlers one after the other: only then is it known which requests have none. */
  #scheduleRefusal(): void {
    if (this.#refusalScheduled || this.#kept === undefined || this.#kept.size === 0) return
    this.#refusalScheduled = true
    this.#host.endOfTurn(() => {
      this.#refusalScheduled = false
      if (this.#refuses) this.#refuseKept()
    })
  }

  #refuseKept(): void {
    for (const [name, messages] of [...(this.#kept ?? [])]) {
      const rest = messages.filter((message) => !message.isRequest)
      if (rest.length === 0) this.#kept?.delete(name)
      else this.#kept?.set(name, rest)
      for (const message of messages) if (message.isRequest) this.#refuseOrKeep(message)
    }
  }

  #check(message: IncomingMessage): Checked | Promise<Checked> {
    return checkPayload(this.#host.contract?.[message.name]?.payload, message.payload)
  }

  /** Gives the message what the schema made of its payload. False if it is unfit: its sender and the application are told. */
  #fits(message: IncomingMessage, checked: Checked): boolean {
    if (!('issues' in checked)) {
      message.payload = checked.value
      return true
    }
    const error = new PayloadError(message.name, checked.issues, { cause: checked.cause })
    message.fail('payload-invalid', error.message.slice(0, 1024))
    this.#host.onError(error)
    return false
  }

  #iteratorHost(): IteratorHost {
    return {
      mayGive: (message) => this.#mayGive(message),
      check: (message) => this.#check(message),
      admit: (message, checked) => {
        if (this.#host.over()) return false
        const fits = this.#fits(message, checked)
        if (fits) this.#given++
        else this.#finishWith(message)
        return fits
      },
      handled: (message) => {
        if (!message.answered) message.fail('no-reply', 'the message was taken and not answered')
        this.#given--
        this.#finishWith(message)
        this.#tellIdle()
      },
      detach: (rest) => {
        this.#iterator = undefined
        for (const message of rest) this.#place(message)
      },
    }
  }
}

/** By sequence number. What is put back comes before what has arrived meanwhile; mostly it is the last. */
function insertInOrder(messages: IncomingMessage[], message: IncomingMessage): void {
  let place = messages.length
  while (place > 0 && (messages[place - 1] as IncomingMessage).seq > message.seq) place--
  if (place === messages.length) messages.push(message)
  else messages.splice(place, 0, message)
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
