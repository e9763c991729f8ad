import type { JournaledMessage } from './journal.ts'
import { type JournalClock, noJournal } from './journal-clock.ts'
import type { OutgoingMessage } from './outgoing-message.ts'

/** Which messages the journal's next write adds and removes, and which write has the last one that was taken back. */
export class OutboxChanges {
  readonly #clock: JournalClock
  #order = 0
  #added: OutgoingMessage<unknown>[] = []
  #removed: number[] = []
  #dropWrite = 0

  constructor(clock: JournalClock) {
    this.#clock = clock
  }

  /** False while the journal holds a message that was taken back: what stood behind it has another number without it. */
  get numbersHold(): boolean {
    return this.#clock.holds(this.#dropWrite)
  }

  /** A message was accepted. */
  add(message: OutgoingMessage<unknown>): void {
    if (!this.#clock.on) return
    message.order = ++this.#order
    message.write = this.#clock.touch()
    this.#added.push(message)
  }

  /** A message was restored: those that are accepted from now on stand behind it. */
  restored(order: number): void {
    this.#order = order
  }

  /** True if a write has taken the message, and the journal may hold it. */
  has(message: OutgoingMessage<unknown>): boolean {
    // One that was restored is in no write of this process, and one that came after the journal has no order.
    return this.#clock.mayHold && message.order > 0 && message.write !== this.#clock.next
  }

  /** There is no journal any more. */
  stop(): void {
    this.#added = []
    this.#removed = []
  }

  /** A message was taken back before it had a number. */
  drop(message: OutgoingMessage<unknown>): void {
    if (this.has(message)) this.#dropWrite = this.#clock.touch()
    this.remove(message)
  }

  /** A message need not be restored any more. */
  remove(message: OutgoingMessage<unknown>): void {
    // What no write has taken yet is left out of the next one.
    if (!this.#clock.on || !this.has(message)) return
    this.#removed.push(message.order)
    this.#clock.touch()
  }

  /** What has changed since the last call: what is new, by rising order, and what is settled. */
  take(): { add: JournaledMessage[]; remove: number[] } {
    const add: JournaledMessage[] = []
    for (const { state, order, id, rest, payload, bytes } of this.#added) {
      if (state === 'settled') continue
      add.push(payload === undefined ? { order, id, rest, bytes } : { order, id, rest, payload, bytes })
    }
    const remove = this.#removed
    this.#added = []
    this.#removed = []
    return { add, remove }
  }
}

/** The changes of all sessions that never had a journal: none. */
export const noChanges: OutboxChanges = Object.freeze(new OutboxChanges(noJournal)) as OutboxChanges
