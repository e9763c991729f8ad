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
  /** Made for the first who waits. */
  #waiting: Waiting | undefined

  constructor(host: RoomHost, entrance: RoomEntrance, bytesMax: number, onFull: 'reject' | 'wait') {
    this.#host = host
    this.#entrance = entrance
    this.#bytesMax = bytesMax
    this.#onFull = onFull
  }

  /** True if nobody waits outside. */
  get nobodyWaits(): boolean {
    return this.#waiting === undefined || this.#waiting.outside.size === 0
  }

  /** What waits outside. */
  get outside(): { messages: number; bytes: number } {
    return { messages: this.#waiting?.outside.size ?? 0, bytes: this.#outsideBytes }
  }

  /** The messages that wait outside, in order. */
  messages(): Outgoing[] {
    return [...(this.#waiting?.outside.values() ?? [])]
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
    const waiting = this.#made()
    waiting.outside.set(delivery, message)
    waiting.outsideBytes += message.bytes
    return false
  }

  /** Somebody may have left: lets in, in order, what fits. */
  update(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    for (const [delivery, message] of waiting.outside) {
      if (!this.#host.maySubmit() || !this.#fits(message)) break
      this.leave(delivery)
      this.#entrance.letIn(message, delivery)
    }
    if (waiting.forEmptiness.length > 0 && this.nobodyWaits) wake(waiting.forEmptiness)
    if (waiting.forRoom.length === 0) return
    if (!this.#host.takesMessages() || this.#isReady()) wake(waiting.forRoom)
  }

  /** Takes away what waits outside, if it does. */
  leave(delivery: Delivery): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    waiting.outsideBytes -= waiting.outside.get(delivery)?.bytes ?? 0
    waiting.outside.delete(delivery)
  }

  /** Resolves when less than half of what may wait does, or the session takes no more. */
  ready(): Promise<void> {
    if (this.#isReady()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#made().forRoom.push(resolve)
    })
  }

  /** Resolves when nobody waits outside. */
  async emptied(): Promise<void> {
    if (this.nobodyWaits) return
    await new Promise<void>((resolve) => {
      this.#made().forEmptiness.push(resolve)
    })
  }

  get #outsideBytes(): number {
    return this.#waiting?.outsideBytes ?? 0
  }

  #made(): Waiting {
    this.#waiting ??= { outside: new Map(), outsideBytes: 0, forRoom: [], forEmptiness: [] }
    return this.#waiting
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

interface Waiting {
  /** What waits until there is room for it, in order, and its bytes. */
  readonly outside: Map<Delivery, Outgoing>
  outsideBytes: number
  /** Who waits for room, and who until nobody waits outside. */
  readonly forRoom: Array<() => void>
  readonly forEmptiness: Array<() => void>
}

function wake(waiters: Array<() => void>): void {
  for (const waiter of waiters.splice(0)) waiter()
}
