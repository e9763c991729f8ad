import { SeqRing } from '@lastword/protocol'
import type { Delivery } from './delivery.ts'
import type { MessageIds } from './message-ids.ts'

/**
 * Requests that wait for their reply, by id.
 *
 * Those with ids of this session stand in a ring, by their number. In a Map a request cost nearly twice as much: each time
 * that it is cleared of what was taken out of it, V8 leaves the old table behind with all that stood in it, and one
 * such table that has grown old keeps alive all that come after it, so that every request waits for a full collection.
 */
export class OpenRequests {
  readonly #ids: MessageIds
  readonly #recent = new SeqRing<Delivery>(1)
  #recentCount = 0
  /** No number outside of these stands in the ring. */
  #lowest = 1
  #highest = 0
  /** With ids that the application has chosen, and those that so many others have overtaken; made for the first of them. */
  #others: Map<string, Delivery> | undefined

  constructor(ids: MessageIds) {
    this.#ids = ids
  }

  get size(): number {
    return this.#recentCount + (this.#others?.size ?? 0)
  }

  /** `number`: which of the session's own ids it has; 0 if it has another one. Numbers only rise. */
  add(delivery: Delivery, number: number): void {
    if (number === 0) {
      this.#addOther(delivery)
      return
    }
    this.#makeRoom(number)
    this.#recent.set(number, delivery)
    this.#recentCount++
    this.#highest = number
  }

  get(id: string): Delivery | undefined {
    return this.#recent.get(this.#ids.numberOf(id)) ?? this.#others?.get(id)
  }

  /** Takes the request with this id out. */
  take(id: string): Delivery | undefined {
    const number = this.#ids.numberOf(id)
    const recent = this.#recent.get(number)
    if (recent !== undefined) {
      this.#forget(number)
      return recent
    }
    const other = this.#others?.get(id)
    if (other !== undefined) this.#others?.delete(id)
    return other
  }

  delete(delivery: Delivery): void {
    const number = this.#ids.numberOf(delivery.id)
    if (this.#recent.get(number) === delivery) this.#forget(number)
    else if (this.#others?.get(delivery.id) === delivery) this.#others?.delete(delivery.id)
  }

  all(): Delivery[] {
    const all = [...(this.#others?.values() ?? [])]
    for (let number = this.#lowest; number <= this.#highest; number++) {
      const delivery = this.#recent.get(number)
      if (delivery !== undefined) all.push(delivery)
    }
    return all
  }

  #addOther(delivery: Delivery): void {
    this.#others ??= new Map()
    this.#others.set(delivery.id, delivery)
  }

  #forget(number: number): void {
    this.#recent.delete(number)
    this.#recentCount--
    while (this.#lowest <= this.#highest && this.#recent.get(this.#lowest) === undefined) this.#lowest++
    this.#recent.advance(this.#lowest)
  }

  /** What many others have overtaken must not make the ring as long as all of them. */
  #makeRoom(number: number): void {
    while (this.#recentCount > 0 && number - this.#lowest >= recentSpanMax) {
      const overtaken = this.#recent.get(this.#lowest) as Delivery
      this.#forget(this.#lowest)
      this.#addOther(overtaken)
    }
    if (this.#recentCount > 0) return
    this.#lowest = number
    this.#recent.advance(number)
  }
}

/** How many messages may be sent after a request before it leaves the ring. */
export const recentSpanMax = 4096
