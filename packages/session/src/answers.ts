import {
  type Contract,
  type ErrorDetails,
  encodeMessage,
  LastwordError,
  limits,
  PayloadError,
  type RemoteErrorBody,
} from '@lastword/protocol'
import type { CallOrder } from './call-order.ts'
import { Delivery, type DeliveryObserver, type Outgoing } from './delivery.ts'
import { encodeValue } from './encode-value.ts'
import type { IncomingMessage } from './incoming-message.ts'
import { type Checked, checkPayload } from './payload-check.ts'

/** What replies need of their session. */
export interface AnswersHost {
  readonly contract: Contract | undefined
  /** False once `fin` has been asked for. */
  maySubmit(): boolean
  submit(message: Outgoing): void
  onError(error: LastwordError): void
}

/** The lane that replies go out on, among what the application sends. */
export interface AnswersLane {
  nextId(): string
  readonly order: CallOrder
  readonly orderTail: Promise<void> | undefined
  readonly details: ErrorDetails
  /** The replies that are retained: these, while there are any. */
  readonly answers: Answers
  /** No reply is left that is not acknowledged, and none is being looked at. */
  onNoAnswers(): void
}

/**
 * The replies of this side to the peer's requests: validated, serialised and sent in the order of the calls. Made for the
 * first that is retained, and of no use once none is.
 */
export class Answers implements DeliveryObserver {
  readonly #host: AnswersHost
  readonly #lane: AnswersLane
  readonly #bytesMax: number
  /** Bytes of replies that are retained. */
  #bytes = 0
  /** Wakes those who wait for a schema to look at their own reply; made for the first of them. */
  #waiting: Set<() => void> | undefined

  constructor(host: AnswersHost, lane: AnswersLane, bytesMax: number) {
    this.#host = host
    this.#lane = lane
    this.#bytesMax = bytesMax
  }

  /**
   * False while more than `queuedBytesMax` of replies waits to be acknowledged. Only replies count: what becomes of them
   * depends on no handler of the peer, so that two sides that ask each other do not wait for each other's handlers.
   */
  get hasRoom(): boolean {
    return this.#bytes <= this.#bytesMax
  }

  /**
   * Sends the reply to a request, behind what was sent before it. Returns a promise if a schema takes its time;
   * throws, or rejects, with a PayloadError if the reply does not fit the contract: the asker is told so.
   */
  answer(request: IncomingMessage, value: unknown): void | Promise<void> {
    const schema = this.#host.contract?.[request.name]?.reply
    // Mostly there is nothing to wait for, and then nothing is made that waiting would need.
    if (schema === undefined && this.#lane.orderTail === undefined) return this.#submitValue(request, value)
    let failure: { error: unknown } | undefined
    const settle = (checked: Checked) => {
      if ('issues' in checked) {
        this.answerError(request, { code: 'reply-invalid', message: 'the reply does not fit the contract' })
        const details = { ...this.#lane.details, cause: checked.cause }
        throw new PayloadError(`${request.name} (reply)`, checked.issues, details)
      }
      this.#submitValue(request, checked.value)
    }
    const checked = checkPayload(schema, value)
    const waiting = this.#lane.order.run(checked, settle, (error) => {
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

  /** For deliveries: a reply is acknowledged, or will never be. */
  onSettled({ message }: Delivery): void {
    this.#bytes -= message?.bytes ?? 0
    if (this.#bytes === 0 && (this.#waiting === undefined || this.#waiting.size === 0))
      this.#lane.onNoAnswers()
  }

  answerError(request: IncomingMessage, err: RemoteErrorBody): void {
    if (!this.#host.maySubmit()) return
    const code = err.code.slice(0, limits.errCodeCharsMax) || 'error'
    const body = { code, message: err.message.slice(0, limits.errMessageCharsMax) }
    const id = this.#lane.nextId()
    const delivery = new Delivery(id, '', false, false, ignore, ignore)
    this.#submit(encodeMessage(id, { re: request.id, err: body }, delivery))
  }

  /** The session is over: nobody waits any longer, whatever a schema still does. */
  end(): void {
    for (const wake of this.#waiting ?? []) wake()
    this.#waiting = undefined
  }

  #submitValue(request: IncomingMessage, value: unknown): void {
    if (!this.#host.maySubmit()) return
    let message: Outgoing
    const id = this.#lane.nextId()
    try {
      message = encodeValue(id, { re: request.id }, value, this.#deliveryFor(id, request))
    } catch (error) {
      this.answerError(request, { code: 'reply-invalid', message: 'the reply cannot be serialised' })
      throw error
    }
    this.#submit(message)
  }

  #submit(message: Outgoing): void {
    this.#bytes += message.bytes
    const { tag: delivery } = message
    delivery.message = message
    delivery.observer = this
    this.#host.submit(message)
  }

  /** What becomes of a reply is told to nobody; but one that cannot be sent must not leave its asker waiting. */
  #deliveryFor(id: string, request: IncomingMessage): Delivery {
    return new Delivery(id, '', false, false, ignore, (error) => {
      if (!(error instanceof LastwordError) || error.code !== 'payload-too-large') return
      // These may be of no use any more by now.
      this.#lane.answers.answerError(request, { code: 'reply-too-large', message: error.message })
      this.#host.onError(error)
    })
  }

  /** What is awaited, or the session's end, whichever is first: a schema may never answer. */
  async #untilOver(waiting: Promise<void>): Promise<void> {
    let wake!: () => void
    const over = new Promise<void>((resolve) => {
      wake = resolve
    })
    this.#waiting ??= new Set()
    this.#waiting.add(wake)
    await Promise.race([waiting, over])
    this.#waiting?.delete(wake)
  }
}

function ignore(): void {}
