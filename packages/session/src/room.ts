import { type ErrorDetails, QueueFullError } from '@lastword/protocol'
import type { Delivery, Outgoing } from './delivery.ts'

/** What the room needs of its session. */
export interface RoomHost {
  /** Bytes that are queued and in flight. */
  readonly retainedBytes: number
  /** False once the application has closed, or the session is over. */
  takesMessages(): boolean
  /** False once nothing that waits may go out any more. */
  maySubmit(): boolean
}

/** What lets messages in. */
export interface RoomEntrance {
  /** There is room for a message: it is on its way from now on. */
  letIn(message: Outgoing, delivery: Delivery): void
  readonly details: ErrorDetails
}

/** How much may wait in the session, and who waits outside until there is room for it, in order. */
export class Room {
  readonly #host: RoomHost
  readonly #entrance: RoomEntrance
  readonly #bytesMax: number
  readonly #onFull: 'reject' | 'wait'
  // Each of these is made for the first that it holds.
  #outside: Map<Delivery, Outgoing> | undefined
  #outsideBytes = 0
  #readyWaiters: Array<() => void> | undefined
  #emptyWaiters: Array<() => void> | undefined

  constructor(host: RoomHost, entrance: RoomEntrance, bytesMax: number, onFull: 'reject' | 'wait') {
    this.#host = host
    this.#entrance = entrance
    this.#bytesMax = bytesMax
    this.#onFull = onFull
  }

  /** True if nobody waits outside. */
  get nobodyWaits(): boolean {
    return this.#outside === undefined || this.#outside.size === 0
  }

  /** What waits outside. */
  get outside(): { messages: number; bytes: number } {
    return { messages: this.#outside?.size ?? 0, bytes: this.#outsideBytes }
  }

  /** The messages that wait outside, in order. */
  messages(): Outgoing[] {
    return [...(this.#outside?.values() ?? [])]
  }

  /**
   * Submits a message, if there is room; else it waits, or its delivery is rejected with a QueueFullError. False if it
   * waits.
   */
  enter(message: Outgoing, delivery: Delivery): boolean {
    if (this.nobodyWaits && this.#fits(message)) {
      this.#entrance.letIn(message, delivery)
      return true
    }
    if (this.#onFull === 'reject' && !delivery.waits) {
      delivery.reject(new QueueFullError(this.#host.retainedBytes, this.#bytesMax, this.#entrance.details))
      return true
    }
    this.#outside ??= new Map()
    this.#outside.set(delivery, message)
    this.#outsideBytes += message.bytes
    return false
  }

  /** Somebody may have left: lets in, in order, what fits. */
  update(): void {
    for (const [delivery, message] of this.#outside ?? []) {
      if (!this.#host.maySubmit() || !this.#fits(message)) break
      this.leave(delivery)
      this.#entrance.letIn(message, delivery)
    }
    if (this.#emptyWaiters !== undefined && this.nobodyWaits) {
      wake(this.#emptyWaiters)
      this.#emptyWaiters = undefined
    }
    if (this.#readyWaiters !== undefined && (!this.#host.takesMessages() || this.#isReady())) {
      wake(this.#readyWaiters)
      this.#readyWaiters = undefined
    }
  }

  /** Takes away what waits outside, if it does. */
  leave(delivery: Delivery): void {
    this.#outsideBytes -= this.#outside?.get(delivery)?.bytes ?? 0
    this.#outside?.delete(delivery)
  }

  /** Resolves when less than half of what may wait does, or the session takes no more. */
  ready(): Promise<void> {
    if (this.#isReady()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#readyWaiters ??= []
      this.#readyWaiters.push(resolve)
    })
  }

  /** Resolves when nobody waits outside. */
  async emptied(): Promise<void> {
    if (this.nobodyWaits) return
    await new Promise<void>((resolve) => {
      this.#emptyWaiters ??= []
      this.#emptyWaiters.push(resolve)
    })
  }

  /** One message may always be in, however large. */
  #fits(message: Outgoing): boolean {
    const inside = this.#host.retainedBytes
    return inside === 0 || inside + message.bytes <= this.#bytesMax
  }

  #isReady(): boolean {
    return this.#host.retainedBytes + this.#outsideBytes <= this.#bytesMax / 2
  }
}

function wake(waiters: Array<() => void>): void {
  for (const waiter of waiters) waiter()
}
