import type { JournaledMessage, JournalSnapshot, JournalState, JournalWrite } from './journal.ts'
import type { SessionEnding } from './session-ending.ts'
import type { SessionLinks } from './session-links.ts'
import type { SessionParts } from './session-parts.ts'

/** What a session gives to its journal, one write at a time, and how it goes on from there after a restart. */
export class SessionJournaling<Tag> {
  readonly #parts: SessionParts<Tag>
  readonly #links: SessionLinks<Tag>
  readonly #ending: SessionEnding<Tag>
  /** The link number in the write that is under way. */
  #linkNumber = 0

  constructor(parts: SessionParts<Tag>, links: SessionLinks<Tag>, ending: SessionEnding<Tag>) {
    this.#parts = parts
    this.#links = links
    this.#ending = ending
  }

  /** The next write, or nothing: nothing has changed, or one is under way. */
  take(): JournalWrite | undefined {
    const { clock, outbox } = this.#parts
    if (!clock.dirty || clock.confirmed < clock.next - 1) return undefined
    clock.dirty = false
    const { add, remove } = outbox.takeChanges()
    const write = { number: clock.next++, add, remove, state: this.#state() }
    this.#linkNumber = write.state.links
    return write
  }

  /** A write would survive: what waited for it may go on. */
  confirm(number: number): void {
    const { clock, inbox } = this.#parts
    if (number !== clock.next - 1 || number <= clock.confirmed) return
    clock.confirmed = number
    this.#links.hold(this.#linkNumber)
    inbox.confirmed()
  }

  /**
   * Client: the journal is gone, and the session goes on without it: nothing waits for it any more. `mayStand`: the
   * journal could not forget the session.
   */
  stop(mayStand: boolean, now: number): void {
    const { config, clock, inbox, outbox } = this.#parts
    if (config.role !== 'client' || !clock.on) return
    clock.stop(mayStand)
    inbox.unjournaled()
    outbox.unjournaled()
    if (mayStand) this.#links.leaveBehind(now)
  }

  restore(snapshot: JournalSnapshot, tagOf: (message: JournaledMessage) => Tag, now: number): void {
    const { state } = snapshot
    const { outbox, inbox } = this.#parts
    this.#links.count = state.links
    this.#parts.welcomed = state.welcomed
    if (state.gone) this.#parts.goneWrite = 0
    outbox.restore(snapshot, tagOf)
    const fin = inbox.restore(state.in)
    if (fin !== undefined && state.ended === undefined) {
      this.#parts.emit({ type: 'peer-fin', code: fin.code, reason: fin.reason })
    }
    this.#ending.restore(state.ended, now)
  }

  #state(): JournalState {
    const { welcomed, goneWrite, outbox, inbox } = this.#parts
    const ended = this.#ending.toJournal()
    return {
      v: 1,
      links: this.#links.numberToHold(),
      welcomed,
      ...(goneWrite !== undefined && { gone: true as const }),
      out: outbox.toJournal(),
      in: inbox.toJournal(),
      ...(ended === undefined ? {} : { ended }),
    }
  }
}
