/**
 * Which write of the journal a change goes into, and up to which write everything is known to survive. Where there is
 * no journal, nothing waits for it.
 */
export class JournalClock {
  #on = true
  #mayStand = false
  /** The number of the write that the next change goes into. */
  next = 1
  /** Every write up to this one would survive. */
  confirmed = 0
  /** True if something has changed since the last write was taken. */
  dirty = true

  /** True while there is a journal. */
  get on(): boolean {
    return this.#on
  }

  /** True if a journal holds what it was given, or may do so. */
  get mayHold(): boolean {
    return this.#on || this.#mayStand
  }

  /** There is no journal any more. `mayStand`: what it was given may stand there still. */
  stop(mayStand: boolean): void {
    this.#on = false
    this.#mayStand = mayStand
    this.dirty = false
    this.confirmed = Number.POSITIVE_INFINITY
  }

  /** Something changes that the journal must hold. Returns the number of the write that will hold it; 0 if there is no journal. */
  touch(): number {
    if (!this.#on) return 0
    this.dirty = true
    return this.next
  }

  /** True if what is in this write would survive. */
  holds(write: number): boolean {
    return write <= this.confirmed
  }
}

/** The clock of all sessions that never had a journal. */
export const noJournal: JournalClock = stopped()

function stopped(): JournalClock {
  const clock = new JournalClock()
  clock.stop(false)
  return Object.freeze(clock) as JournalClock
}
