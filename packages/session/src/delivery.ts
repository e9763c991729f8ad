import {
  DeliveryError,
  type ErrorDetails,
  type Fate,
  LastwordError,
  type OutgoingMessage,
  SessionClosedError,
} from '@lastword/protocol'

/** Whoever keeps something for a delivery until it is settled. */
export interface DeliveryObserver {
  onSettled(delivery: Delivery): void
}

export type Outgoing = OutgoingMessage<Delivery>

/**
 * What the application waits for: that a message is handled (`send`) or answered (`request`). Settled exactly once,
 * whatever happens to the session.
 */
export class Delivery {
  /** Set once the message is accepted. */
  message: Outgoing | undefined
  /** True from the acknowledgement on. A request goes on waiting for its reply. */
  handled = false
  /** True once the caller has stopped waiting. */
  givenUp = false
  /** The message's id. */
  readonly id: string
  /** The message's name in the contract; empty for a reply. */
  readonly name: string
  readonly isRequest: boolean
  /** True if it waits for room, whatever the others do. */
  readonly waits: boolean
  /** Is told when this is settled, however. */
  observer: DeliveryObserver | undefined

  #resolve: (value: unknown) => void
  #reject: (error: unknown) => void
  #settled = false
  #signal: AbortSignal | undefined
  #onAbort: (() => void) | undefined

  constructor(
    id: string,
    name: string,
    isRequest: boolean,
    waits: boolean,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.id = id
    this.name = name
    this.isRequest = isRequest
    this.waits = waits
    this.#resolve = resolve
    this.#reject = reject
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Calls back when the caller no longer wants to wait; not at all once this is settled. */
  watch(signal: AbortSignal, onAbort: () => void): void {
    this.#signal = signal
    this.#onAbort = onAbort
    signal.addEventListener('abort', onAbort, { once: true })
  }

  resolve(value: unknown): void {
    if (!this.#settle()) return
    this.#resolve(value)
  }

  reject(error: unknown): void {
    if (!this.#settle()) return
    this.#reject(error)
  }

  /** The message will not be handled. */
  fail(fate: Fate, why: string, tooLarge: boolean, details: ErrorDetails): void {
    const { id } = this
    const error = new DeliveryError(fate, id, why, details)
    if (!tooLarge) return this.reject(error)
    this.reject(
      new LastwordError('payload-too-large', `message ${id} was not sent: ${why}`, {
        ...details,
        remedy: 'Send it in parts, or raise maxBytes on the other side.',
      }),
    )
  }

  /** No reply will come. */
  unanswered(why: string, details: ErrorDetails): void {
    this.reject(new SessionClosedError(`the request ${this.id} got no reply: ${why}`, details))
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.observer?.onSettled(this)
    return true
  }
}
