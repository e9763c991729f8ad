/**
 * Which write of the journal a change goes into, and up to which write everything is known to survive. Where there is
 * no journal, nothing waits for it.
 */
export class JournalClock {
  readonly on: boolean
  /** The number of the write that the next change goes into. */
  next = 1
  /** Every write up to this one would survive. */
  confirmed = 0
  /** True if something has changed since the last write was taken. */
  dirty: boolean

  constructor(on: boolean) {
    this.on = on
    this.dirty = on
  }

  /** Something changes that the journal must hold. Returns the number of the write that will hold it; 0 if there is no journal. */
  touch(): number {
    if (!this.on) return 0
    this.dirty = true
    return this.next
  }

  /** True if what is in this write would survive. */
  holds(write: number): boolean {
    return write <= this.confirmed
  }
}
