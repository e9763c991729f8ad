import {
  ArgumentError,
  type Contract,
  DeliveryError,
  type ErrorDetails,
  encodeMessage,
  type Fate,
  LastwordError,
  limits,
  type MessageParts,
  type MsgEnvelope,
  PayloadError,
  payloadText,
  QueueFullError,
  RemoteError,
  type RemoteErrorBody,
  utf8Length,
} from '@lastword/protocol'
import { checkName, checkSendOptions } from './argument-checks.ts'
import { binaryOf } from './binary.ts'
import { Delivery, type Outgoing } from './delivery.ts'
import type { IncomingMessage } from './incoming-message.ts'
import { type Checked, checkPayload } from './payload-check.ts'
import type { SendOptions } from './session-types.ts'

/** What the lane needs of its session. */
export interface LaneHost {
  /** False once the application has closed, or the session is over. */
  takesMessages(): boolean
  /** False once `fin` has been asked for: until then replies, and what was sent before closing, still go out. */
  maySubmit(): boolean
  /** True once the peer has said its last: no reply will come any more. */
  peerHasClosed(): boolean
  submit(message: Outgoing): void
  takeBack(message: Outgoing): void
  cancel(requestId: string): void
  fateOf(message: Outgoing): Fate
  retainedBytes(): number
  /** Messages were handled, or failed: there may be room for what waited for it. */
  onRoom(): void
  onError(error: LastwordError): void
}

/**
 * The way out: validates, serialises and numbers what the application sends, in the order of the calls, and settles
 * what it was promised.
 */
export class OutgoingLane {
  readonly #host: LaneHost
  readonly #contract: Contract | undefined
  readonly #idPrefix: string
  readonly #queuedBytesMax: number
  readonly #details: ErrorDetails
  #idCount = 0
  /** Requests without a reply yet, from the call on, by id. */
  readonly #requests = new Map<string, Delivery>()
  /** Requests that were cancelled on their way: said again on each link until they are handled. */
  readonly #cancelled = new Set<Outgoing>()
  /** What a schema still looks at, with the id that it will have. */
  readonly #unsubmitted = new Map<Delivery, string>()
  /** Set while a schema takes its time: what is sent meanwhile goes behind it. */
  #tail: Promise<void> | undefined
  #readyWaiters: Array<() => void> = []
  /** Requests whose reply a schema still looks at. */
  readonly #answered = new Set<Delivery>()
  /** Wakes those who wait for a schema to look at their own reply. */
  readonly #answering = new Set<() => void>()
  /** Bytes of replies that are retained. */
  #replyBytes = 0

  constructor(
    host: LaneHost,
    contract: Contract | undefined,
    idPrefix: string,
    queuedBytesMax: number,
    sessionId: string,
  ) {
    this.#host = host
    this.#contract = contract
    this.#idPrefix = idPrefix
    this.#queuedBytesMax = queuedBytesMax
    this.#details = { sessionId }
  }

  /** Resolves when nothing waits for a schema any more. */
  get settledLane(): Promise<void> | undefined {
    return this.#tail
  }

  get openRequests(): number {
    return this.#requests.size
  }

  /**
   * False while more than `queuedBytesMax` of replies waits to be acknowledged. Only replies count: what becomes of them
   * depends on no handler of the peer, so that two sides that ask each other do not wait for each other's handlers.
   */
  get takesRequests(): boolean {
    return this.#replyBytes <= this.#queuedBytesMax
  }

  /** Sends a message; what is returned resolves when it is handled (`send`) or answered (`request`). */
  send(name: string, payload: unknown, ask: boolean, options: SendOptions = {}): Promise<unknown> {
    checkName(name, this.#contract)
    checkSendOptions(options)
    if (options.id !== undefined && this.#requests.has(options.id)) {
      throw new ArgumentError(
        `a request with the id ${options.id} is under way`,
        'Give each message its own id.',
      )
    }
    const id = options.id ?? this.nextId()
    return new Promise((resolve, reject) => {
      const delivery = new Delivery(ask, resolve, reject)
      if (!this.#host.takesMessages()) return this.#takesNoMore(delivery, id)
      if (ask && this.#host.peerHasClosed()) return delivery.unanswered('the peer has closed', this.#details)
      const { signal } = options
      if (signal?.aborted) return this.#giveUp(delivery, id, signal)
      if (ask) {
        this.#requests.set(id, delivery)
        delivery.onSettled(() => this.#forgetRequest(id, delivery))
      }
      if (signal !== undefined) delivery.watch(signal, () => this.#giveUp(delivery, id, signal))
      this.#unsubmitted.set(delivery, id)
      this.#validated(this.#contract?.[name]?.payload, payload, name, delivery, (value) => {
        this.#submit(id, { name, ask, meta: options.meta }, value, delivery)
      })
    })
  }

  /**
   * Sends the reply to a request, behind what was sent before it. Returns a promise if a schema takes its time;
   * throws, or rejects, with a PayloadError if the reply does not fit the contract: the asker is told so.
   */
  answer(request: IncomingMessage, value: unknown): void | Promise<void> {
    let failure: { error: unknown } | undefined
    const settle = (checked: Checked) => {
      if ('issues' in checked) {
        this.answerError(request, { code: 'reply-invalid', message: 'the reply does not fit the contract' })
        throw this.#unfit(`${request.name} (reply)`, checked)
      }
      this.#submitReply(request, checked.value)
    }
    const checked = checkPayload(this.#contract?.[request.name]?.reply, value)
    const waiting = this.#inOrder(checked, settle, (error) => {
      failure = { error }
    })
    if (waiting === undefined) return undefined
    const answered = this.#untilOver(waiting).then(() => {
      if (failure !== undefined) throw failure.error
    })
    // Whoever does not wait for it has ended no process: the asker is told in any case.
    answered.catch(() => {})
    return answered
  }

  answerError(request: IncomingMessage, err: RemoteErrorBody): void {
    if (!this.#host.maySubmit()) return
    const code = err.code.slice(0, limits.errCodeCharsMax) || 'error'
    const body = { code, message: err.message.slice(0, limits.errMessageCharsMax) }
    this.#submitAnswer(encodeMessage(this.nextId(), { re: request.id, err: body }, silentDelivery()))
  }

  /** A reply has come. `handled` is called when whoever asked for it has it, or if nobody wants it (any more). */
  onReply(envelope: MsgEnvelope, payload: Uint8Array | undefined, handled: () => void): void {
    const id = envelope.re as string
    const delivery = this.#requests.get(id)
    if (delivery === undefined) return handled()
    this.#requests.delete(id)
    this.#answered.add(delivery)
    delivery.onSettled(() => {
      this.#answered.delete(delivery)
      handled()
    })
    if (envelope.err !== undefined) {
      return delivery.reject(new RemoteError(envelope.err.code, envelope.err.message, this.#details))
    }
    const name = delivery.name
    const outcome = checkPayload(this.#contract?.[name]?.reply, payload ?? envelope.d)
    const settle = (checked: Checked) => {
      if ('issues' in checked) delivery.reject(this.#unfit(`${name} (reply)`, checked))
      else delivery.resolve(checked.value)
    }
    if (outcome instanceof Promise) void outcome.then(settle)
    else settle(outcome)
  }

  onHandled(messages: Outgoing[]): void {
    for (const message of messages) {
      const delivery = message.tag
      delivery.handled = true
      this.#cancelled.delete(message)
      if (!delivery.isRequest) delivery.resolve(undefined)
    }
    this.#host.onRoom()
    this.#wakeReady()
  }

  onFailed(message: Outgoing, fate: Fate, why: string, tooLarge: boolean, cause: unknown): void {
    this.#cancelled.delete(message)
    message.tag.fail(fate, message.id, why, tooLarge, { ...this.#details, cause })
    this.#host.onRoom()
    this.#wakeReady()
  }

  /** No reply will come any more: the peer has said its last. */
  abandonRequests(why: string, cause?: unknown): void {
    for (const delivery of [...this.#requests.values()]) delivery.unanswered(why, { ...this.#details, cause })
    this.#wakeReady()
  }

  /** The session is over: nothing is left waiting, whatever a schema still does. */
  end(why: string, cause: unknown): void {
    const details = { ...this.#details, cause }
    for (const [delivery, id] of this.#unsubmitted) delivery.fail('not-sent', id, why, false, details)
    this.#unsubmitted.clear()
    for (const delivery of [...this.#answered])
      delivery.unanswered(`${why} while its reply was checked`, details)
    this.abandonRequests(why, cause)
    for (const wake of this.#answering) wake()
    this.#answering.clear()
  }

  /** There is a link: a cancellation that was said on the last one, or could not be, may never have arrived. */
  cancelAgain(): void {
    for (const message of this.#cancelled) this.#host.cancel(message.id)
  }

  /** Resolves when there is room again: half of `queuedBytesMax`. */
  ready(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve()
    return new Promise((resolve) => this.#readyWaiters.push(resolve))
  }

  nextId(): string {
    return `${this.#idPrefix}.${(++this.#idCount).toString(36)}`
  }

  #submitReply(request: IncomingMessage, value: unknown): void {
    if (!this.#host.maySubmit()) return
    let message: Outgoing
    try {
      message = this.#encode(this.nextId(), { re: request.id }, value, this.#replyDelivery(request))
    } catch (error) {
      this.answerError(request, { code: 'reply-invalid', message: 'the reply cannot be serialised' })
      throw error
    }
    this.#submitAnswer(message)
  }

  #submitAnswer(message: Outgoing): void {
    this.#replyBytes += message.bytes
    message.tag.onSettled(() => {
      this.#replyBytes -= message.bytes
    })
    this.#host.submit(message)
  }

  /** What becomes of a reply is told to nobody; but one that cannot be sent must not leave its asker waiting. */
  #replyDelivery(request: IncomingMessage): Delivery {
    return new Delivery(false, ignore, (error) => {
      if (!(error instanceof LastwordError) || error.code !== 'payload-too-large') return
      this.answerError(request, { code: 'reply-too-large', message: error.message })
      this.#host.onError(error)
    })
  }

  /** Runs `proceed` with the valid value, behind everything that was sent before. */
  #validated(
    schema: Parameters<typeof checkPayload>[0],
    value: unknown,
    name: string,
    delivery: Delivery,
    proceed: (value: unknown) => void,
  ): void {
    delivery.name = name
    const settle = (checked: Checked) => {
      this.#unsubmitted.delete(delivery)
      if (delivery.settled) return
      if ('issues' in checked) return delivery.reject(this.#unfit(name, checked))
      try {
        proceed(checked.value)
      } catch (error) {
        delivery.reject(error)
      }
    }
    void this.#inOrder(checkPayload(schema, value), settle, (error) => delivery.reject(error))
  }

  /** Calls `settle` with a validation's outcome: at once if nothing waits for a schema, else in the order of the calls. */
  #inOrder(
    outcome: Checked | Promise<Checked>,
    settle: (checked: Checked) => void,
    fail: (error: unknown) => void,
  ): Promise<void> | undefined {
    if (this.#tail === undefined && !(outcome instanceof Promise)) {
      settle(outcome)
      return undefined
    }
    const before = this.#tail ?? Promise.resolve()
    const tail = before
      .then(() => outcome)
      .then(settle)
      .catch(fail)
      .then(() => {
        if (this.#tail === tail) this.#tail = undefined
      })
    this.#tail = tail
    return tail
  }

  /** What is awaited, or the session's end, whichever is first: a schema may never answer. */
  async #untilOver(waiting: Promise<void>): Promise<void> {
    let wake!: () => void
    const over = new Promise<void>((resolve) => {
      wake = resolve
    })
    this.#answering.add(wake)
    await Promise.race([waiting, over])
    this.#answering.delete(wake)
  }

  #submit(id: string, parts: MessageParts, value: unknown, delivery: Delivery): void {
    const message = this.#encode(id, parts, value, delivery)
    if (!this.#host.maySubmit()) return this.#takesNoMore(delivery, id)
    const waiting = this.#host.retainedBytes()
    if (waiting > 0 && waiting + message.bytes > this.#queuedBytesMax) {
      return delivery.reject(new QueueFullError(waiting, this.#queuedBytesMax, this.#details))
    }
    delivery.message = message
    this.#host.submit(message)
  }

  #encode(id: string, parts: MessageParts, value: unknown, delivery: Delivery): Outgoing {
    const binary = binaryOf(value)
    // Copied, as JSON text is: what the caller does with its buffer later changes nothing.
    if (binary !== undefined) {
      const message = encodeMessage(id, { ...parts, payload: binary.slice() }, delivery)
      checkHeader(message)
      return message
    }
    return encodeMessage(id, { ...parts, text: payloadText(value) }, delivery)
  }

  #giveUp(delivery: Delivery, id: string, signal: AbortSignal): void {
    const message = delivery.message
    const details = { ...this.#details, cause: signal.reason }
    const fate =
      message === undefined ? 'not-sent' : delivery.handled ? 'received' : this.#host.fateOf(message)
    this.#unsubmitted.delete(delivery)
    delivery.reject(new DeliveryError(fate, id, 'the caller stopped waiting', details))
    if (message === undefined) return
    if (message.state === 'queued') this.#host.takeBack(message)
    else if (delivery.isRequest && message.state === 'in-flight') {
      this.#cancelled.add(message)
      this.#host.cancel(id)
    }
  }

  #takesNoMore(delivery: Delivery, id: string): void {
    delivery.fail('not-sent', id, 'the session takes no more messages', false, this.#details)
  }

  #forgetRequest(id: string, delivery: Delivery): void {
    if (this.#requests.get(id) === delivery) this.#requests.delete(id)
  }

  #unfit(what: string, { issues, cause }: Extract<Checked, { issues: unknown }>): PayloadError {
    return new PayloadError(what, issues, { ...this.#details, cause })
  }

  #hasRoom(): boolean {
    return this.#host.retainedBytes() <= this.#queuedBytesMax / 2
  }

  #wakeReady(): void {
    if (this.#readyWaiters.length === 0 || (this.#host.takesMessages() && !this.#hasRoom())) return
    const waiters = this.#readyWaiters
    this.#readyWaiters = []
    for (const wake of waiters) wake()
  }
}

/** @throws ArgumentError if the JSON in front of the bytes is longer than the peer reads: it would refuse the frame each time */
function checkHeader(message: Outgoing): void {
  const bytes = seqHead.length + utf8Length(message.rest)
  if (bytes <= limits.headerBytesMax) return
  throw new ArgumentError(
    `what goes with the bytes takes ${bytes} bytes itself, and ${limits.headerBytesMax} may`,
    'Send less in meta, or put it into the payload.',
  )
}

/** What stands in front of `rest`, at its longest. */
const seqHead = '{"t":"msg","seq":9007199254740991'

/** For messages whose fate only the report tells. */
function silentDelivery(): Delivery {
  return new Delivery(false, ignore, ignore)
}

function ignore(): void {}
