import {
  ArgumentError,
  type Contract,
  DeliveryError,
  defaults,
  type ErrorDetails,
  type Fate,
  type LastwordError,
  type MsgEnvelope,
  PayloadError,
  RemoteError,
} from '@lastword/protocol'
import { Answers } from './answers.ts'
import { checkName, checkSendOptions } from './argument-checks.ts'
import { CallOrder } from './call-order.ts'
import { Delivery, type DeliveryObserver, type Outgoing } from './delivery.ts'
import { encodeValue } from './encode-value.ts'
import { giveBackText } from './long-text.ts'
import type { LostMessage } from './lost-session.ts'
import { MessageIds } from './message-ids.ts'
import { OpenRequests } from './open-requests.ts'
import { type Checked, checkPayload } from './payload-check.ts'
import { fits, Room } from './room.ts'
import type { SendOptions, SessionOptions } from './session-types.ts'

/** What the lane needs of its session. */
export interface LaneHost {
  readonly contract: Contract | undefined
  /** The session's id. */
  readonly sid: string
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
  /** Bytes that are queued and in flight. */
  readonly retainedBytes: number
  /** Messages were handled, or failed: there may be room for what waited for it. */
  onRoom(): void
  /** The application has a reply of the peer, or nobody wants it (any more). */
  onReplyTaken(seq: number): void
  onError(error: LastwordError): void
}

/**
 * The way out: validates, serialises and numbers what the application sends, in the order of the calls, and settles
 * what it was promised.
 */
export class OutgoingLane implements DeliveryObserver {
  #order: CallOrder | undefined
  readonly #host: LaneHost
  readonly #ids: MessageIds
  readonly #queuedBytesMax: number
  readonly #onFull: 'reject' | 'wait'
  // Each of these is made for the first that it holds: an idle session has none of them, and there may be many.
  /** The replies to the peer's requests. */
  #answers: Answers | undefined
  /** Who finds no room. */
  #room: Room | undefined
  /** Requests without a reply yet, from the call on. */
  #requests: OpenRequests | undefined
  /** Requests that were cancelled on their way: said again on each link until they are handled. */
  #cancelled: Set<Outgoing> | undefined
  /** What a schema still looks at, or waits for room. */
  #unsubmitted: Set<Delivery> | undefined
  /** Requests whose reply a schema still looks at. */
  #answered: Set<Delivery> | undefined

  constructor(
    host: LaneHost,
    idPrefix: string,
    { queuedBytesMax = defaults.queuedBytesMax, onFull = 'reject' }: SessionOptions,
  ) {
    this.#host = host
    this.#ids = new MessageIds(idPrefix)
    this.#queuedBytesMax = queuedBytesMax
    this.#onFull = onFull
  }

  /** Takes in the requests of a process before, whose replies are still to come. */
  adopt(requests: readonly Delivery[]): void {
    for (const delivery of requests) this.#addRequest(delivery, 0)
  }

  get answers(): Answers {
    this.#answers ??= new Answers(this.#host, this, this.#queuedBytesMax)
    return this.#answers
  }

  /** False while too many replies wait to be acknowledged. */
  get takesRequests(): boolean {
    return this.#answers?.hasRoom !== false
  }

  /** For the answers. */
  onNoAnswers(): void {
    this.#answers = undefined
  }

  get openRequests(): number {
    return this.#requests?.size ?? 0
  }

  /** Sends a message; what is returned resolves when it is handled (`send`) or answered (`request`). */
  send(
    name: string,
    payload: unknown,
    ask: boolean,
    options: SendOptions = noOptions,
    waits = false,
    checked = false,
  ): Promise<unknown> {
    checkName(name, this.#host.contract)
    if (options !== noOptions) checkSendOptions(options)
    if (options.id !== undefined && this.#requests?.get(options.id) !== undefined) {
      throw new ArgumentError(
        `a request with the id ${options.id} is under way`,
        'Give each message its own id.',
      )
    }
    const id = options.id ?? this.#ids.next()
    const settled = new Promise<unknown>(takeEnds)
    const delivery = new Delivery(id, name, ask, waits, resolveTaken, rejectTaken)
    const schema = checked ? undefined : this.#host.contract?.[name]?.payload
    this.#accept(delivery, payload, schema, options)
    return settled
  }

  /** Sends a message again that another session has lost; it has passed its schema, and waits for room if it must. */
  async resend({ id, name, payload, meta, isRequest, fate, redelivered }: LostMessage): Promise<unknown> {
    const options: SendOptions = { id, redelivered: redelivered || fate !== 'not-sent' }
    if (meta !== undefined) options.meta = meta
    return this.send(name, payload, isRequest, options, true, true)
  }

  /** No function in here may hold the payload: it would be kept, beside its text, until the message is handled. */
  #accept(
    delivery: Delivery,
    payload: unknown,
    schema: Parameters<typeof checkPayload>[0],
    options: SendOptions,
  ): void {
    const { isRequest: ask } = delivery
    const { signal } = options
    if (!this.#host.takesMessages()) return this.#takesNoMore(delivery)
    if (ask && this.#host.peerHasClosed()) return delivery.unanswered('the peer has closed', this.details)
    if (signal?.aborted) return this.#giveUp(delivery, signal)
    if (ask) this.#addRequest(delivery, options.id === undefined ? this.#ids.count : 0)
    if (signal !== undefined) delivery.watch(signal, () => this.#giveUp(delivery, signal))
    // Mostly there is nothing to wait for, and then nothing is made that waiting would need.
    if (schema === undefined && this.orderTail === undefined) {
      return this.#submit(options, payload, delivery)
    }
    this.#addUnsubmitted(delivery)
    this.#validated(schema, payload, delivery, (value) => this.#submit(options, value, delivery))
  }

  /** A reply has come. */
  onReply(envelope: MsgEnvelope, payload: Uint8Array | undefined): void {
    const { seq } = envelope
    const delivery = this.#requests?.take(envelope.re as string)
    if (delivery === undefined) return this.#host.onReplyTaken(seq)
    // Nothing waits any more for what has its reply: neither a schema nor room.
    delivery.observer = undefined
    if (envelope.err !== undefined) {
      delivery.reject(new RemoteError(envelope.err.code, envelope.err.message, this.details))
      return this.#host.onReplyTaken(seq)
    }
    const schema = this.#host.contract?.[delivery.name]?.reply
    const outcome = checkPayload(schema, payload ?? envelope.d)
    const settle = (checked: Checked) => {
      if ('issues' in checked) delivery.reject(this.#unfit(`${delivery.name} (reply)`, checked))
      else delivery.resolve(checked.value)
    }
    if (!(outcome instanceof Promise)) {
      settle(outcome)
      return this.#host.onReplyTaken(seq)
    }
    this.#answered ??= new Set()
    this.#answered.add(delivery)
    delivery.observer = {
      onSettled: () => {
        this.#answered?.delete(delivery)
        this.#host.onReplyTaken(seq)
      },
    }
    void outcome.then(settle)
  }

  /** For deliveries: once one is settled, nothing here keeps it. */
  onSettled(delivery: Delivery): void {
    this.#unsubmitted?.delete(delivery)
    this.#room?.leave(delivery)
    if (delivery.isRequest) this.#requests?.delete(delivery)
  }

  onHandled(messages: Outgoing[]): void {
    for (const message of messages) {
      const delivery = message.tag
      delivery.handled = true
      giveBackText(message.release())
      this.#cancelled?.delete(message)
      if (!delivery.isRequest) delivery.resolve(undefined)
    }
    this.#host.onRoom()
    this.#updateRoom()
  }

  onFailed(message: Outgoing, fate: Fate, why: string, tooLarge: boolean, cause: unknown): void {
    this.#cancelled?.delete(message)
    message.tag.fail(fate, why, tooLarge, { sessionId: this.#host.sid, cause })
    this.#host.onRoom()
    this.#updateRoom()
  }

  /** No reply will come any more: the peer has said its last. */
  abandonRequests(why: string, cause?: unknown): void {
    for (const delivery of this.#requests?.all() ?? [])
      delivery.unanswered(why, { sessionId: this.#host.sid, cause })
    this.#updateRoom()
  }

  /**
   * The session is over: nothing is left waiting, whatever a schema still does. Returns what was accepted and never came
   * as far as the machine: the ids, and the messages of those that waited for room.
   */
  end(why: string, cause: unknown): { ids: string[]; messages: Outgoing[] } {
    const details: ErrorDetails = { sessionId: this.#host.sid, cause }
    const unsubmitted = [...(this.#unsubmitted ?? [])]
    const messages = this.#room?.messages() ?? []
    for (const delivery of unsubmitted) delivery.fail('not-sent', why, false, details)
    for (const delivery of [...(this.#answered ?? [])])
      delivery.unanswered(`${why} while its reply was checked`, details)
    this.abandonRequests(why, cause)
    this.#answers?.end()
    return { ids: unsubmitted.map(({ id }) => id), messages }
  }

  /** There is a link: a cancellation that was said on the last one, or could not be, may never have arrived. */
  cancelAgain(): void {
    for (const message of this.#cancelled ?? []) this.#host.cancel(message.id)
  }

  /** Messages that wait for room, and their bytes. */
  get outside(): { messages: number; bytes: number } {
    return this.#room?.outside ?? nothingOutside
  }

  /** Resolves when there is room again: half of `queuedBytesMax`. */
  ready(): Promise<void> {
    return this.#roomMade.ready()
  }

  /** Resolves when everything that was accepted is submitted: no schema looks at it, and it does not wait for room. */
  async submitted(): Promise<void> {
    while (this.orderTail !== undefined || this.outside.messages > 0) {
      await this.orderTail
      await this.#room?.emptied()
    }
  }

  /** For the room: there is a place for this message. */
  letIn(message: Outgoing, delivery: Delivery): void {
    this.#unsubmitted?.delete(delivery)
    delivery.message = message
    this.#host.submit(message)
  }

  /** The order of the application's calls, of which replies are some. Made for the first schema that takes its time. */
  get order(): CallOrder {
    this.#order ??= new CallOrder()
    return this.#order
  }

  /** Resolves when nothing waits for a schema any more; `undefined` if nothing does. */
  get orderTail(): Promise<void> | undefined {
    return this.#order?.tail
  }

  /** What every error of this session says. */
  get details(): ErrorDetails {
    return { sessionId: this.#host.sid }
  }

  /** The id of the next message. */
  nextId(): string {
    return this.#ids.next()
  }

  /** Runs `proceed` with the valid value, behind everything that was sent before. */
  #validated(
    schema: Parameters<typeof checkPayload>[0],
    value: unknown,
    delivery: Delivery,
    proceed: (value: unknown) => void,
  ): void {
    const settle = (checked: Checked) => {
      if (delivery.settled) return
      if ('issues' in checked) delivery.reject(this.#unfit(delivery.name, checked))
      else proceed(checked.value)
    }
    void this.order.run(checkPayload(schema, value), settle, (error) => delivery.reject(error))
  }

  #submit(options: SendOptions, value: unknown, delivery: Delivery): void {
    let message: Outgoing
    try {
      const { name, isRequest: ask } = delivery
      const { redelivered: again, meta } = options
      message = encodeValue(delivery.id, { name, ask, again, meta }, value, delivery)
    } catch (error) {
      return delivery.reject(error)
    }
    // The payload's own code has run, and may have aborted the signal.
    if (delivery.settled) return
    if (!this.#host.maySubmit()) return this.#takesNoMore(delivery)
    if (this.#room === undefined && fits(message.bytes, this.#host.retainedBytes, this.#queuedBytesMax)) {
      this.letIn(message, delivery)
    } else if (!this.#roomMade.enter(message, delivery)) this.#addUnsubmitted(delivery)
  }

  get #roomMade(): Room {
    this.#room ??= new Room(this.#host, this, this.#queuedBytesMax, this.#onFull)
    return this.#room
  }

  #updateRoom(): void {
    this.#room?.update()
    if (this.#room?.isUnused) this.#room = undefined
  }

  #giveUp(delivery: Delivery, signal: AbortSignal): void {
    const { id, message, handled } = delivery
    const details = { ...this.details, cause: signal.reason }
    // A request that was handled has only its reply to wait for: sent again, it would be handled twice.
    const fate = message === undefined ? 'not-sent' : handled ? 'received' : this.#host.fateOf(message)
    const what = handled ? 'answered' : 'handled'
    delivery.givenUp = true
    delivery.reject(new DeliveryError(fate, id, 'the caller stopped waiting', details, what))
    if (message === undefined) return this.#updateRoom()
    if (message.state === 'queued') this.#host.takeBack(message)
    else if (delivery.isRequest && message.state === 'in-flight') {
      this.#cancelled ??= new Set()
      this.#cancelled.add(message)
      this.#host.cancel(id)
    }
  }

  #takesNoMore(delivery: Delivery): void {
    delivery.fail('not-sent', 'the session takes no more messages', false, this.details)
  }

  #addRequest(delivery: Delivery, number: number): void {
    this.#requests ??= new OpenRequests(this.#ids)
    this.#requests.add(delivery, number)
    delivery.observer = this
  }

  #addUnsubmitted(delivery: Delivery): void {
    this.#unsubmitted ??= new Set()
    this.#unsubmitted.add(delivery)
    delivery.observer = this
  }

  #unfit(what: string, { issues, cause }: Extract<Checked, { issues: unknown }>): PayloadError {
    return new PayloadError(what, issues, { ...this.details, cause })
  }
}

/** One function for all promises: one made for each message would take its memory, and that of what it closes over. */
function takeEnds(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  resolveTaken = resolve
  rejectTaken = reject
}

let resolveTaken: (value: unknown) => void
let rejectTaken: (error: unknown) => void

const noOptions: SendOptions = Object.freeze({})
const nothingOutside = Object.freeze({ messages: 0, bytes: 0 })
