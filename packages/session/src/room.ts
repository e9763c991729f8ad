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

/** True if there is room for a message of so many bytes where so many wait already: one may always be in, however large. */
export function fits(bytes: number, insideBytes: number, bytesMax: number): boolean {
  return insideBytes === 0 || insideBytes + bytes <= bytesMax
}

/** Who waits outside until there is room in the session, in order. Made for the first of them, and of no use once nobody does. */
export class Room {
  readonly #host: RoomHost
  readonly #entrance: RoomEntrance
  readonly #bytesMax: number
  readonly #onFull: 'reject' | 'wait'
  /** What waits until there is room for it, in order, and its bytes. */
  readonly #outside = new Map<Delivery, Outgoing>()
  #outsideBytes = 0
  /** Who waits for room, and who until nobody waits outside. */
  readonly #forRoom: Array<() => void> = []
  readonly #forEmptiness: Array<() => void> = []

  constructor(host: RoomHost, entrance: RoomEntrance, bytesMax: number, onFull: 'reject' | 'wait') {
    this.#host = host
    this.#entrance = entrance
    this.#bytesMax = bytesMax
    this.#onFull = onFull
  }

  /** True if nobody waits for anything. */
  get isUnused(): boolean {
    return this.#outside.size === 0 && this.#forRoom.length === 0 && this.#forEmptiness.length === 0
  }

  /** What waits outside. */
  get outside(): { messages: number; bytes: number } {
    return { messages: this.#outside.size, bytes: this.#outsideBytes }
  }

  /** The messages that wait outside, in order. */
  messages(): Outgoing[] {
    return [...this.#outside.values()]
  }

  /**
   * Submits a message, if there is room; else it waits, or its delivery is rejected with a QueueFullError. False if it
   * waits.
   */
  enter(message: Outgoing, delivery: Delivery): boolean {
    if (this.#outside.size === 0 && this.#fits(message)) {
      this.#entrance.letIn(message, delivery)
      return true
    }
    if (this.#onFull === 'reject' && !delivery.waits) {
      delivery.reject(new QueueFullError(this.#host.retainedBytes, this.#bytesMax, this.#entrance.details))
      return true
    }
    this.#outside.set(delivery, message)
    this.#outsideBytes += message.bytes
    return false
  }

  /** Somebody may have left: lets in, in order, what fits. */
  update(): void {
    for (const [delivery, message] of this.#outside) {
      if (!this.#host.maySubmit() || !this.#fits(message)) break
      this.leave(delivery)
      this.#entrance.letIn(message, delivery)
    }
    if (this.#forEmptiness.length > 0 && this.#outside.size === 0) wake(this.#forEmptiness)
    if (this.#forRoom.length === 0) return
    if (!this.#host.takesMessages() || this.#isReady()) wake(this.#forRoom)
  }

  /** Takes away what waits outside, if it does. */
  leave(delivery: Delivery): void {
    this.#outsideBytes -= this.#outside.get(delivery)?.bytes ?? 0
    this.#outside.delete(delivery)
  }

  /** Resolves when less than half of what may wait does, or the session takes no more. */
  ready(): Promise<void> {
    if (this.#isReady()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#forRoom.push(resolve)
    })
  }

  /** Resolves when nobody waits outside. */
  async emptied(): Promise<void> {
    if (this.#outside.size === 0) return
    await new Promise<void>((resolve) => {
      this.#forEmptiness.push(resolve)
    })
  }

  #fits(message: Outgoing): boolean {
    return fits(message.bytes, this.#host.retainedBytes, this.#bytesMax)
  }

  #isReady(): boolean {
    return this.#host.retainedBytes + this.#outsideBytes <= this.#bytesMax / 2
  }
}

function wake(waiters: Array<() => void>): void {
  for (const waiter of waiters.splice(0)) waiter()
}
