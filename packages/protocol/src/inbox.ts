import type { AckEnvelope, FinEnvelope, MsgEnvelope, SeqRange, Window } from './envelope.ts'
import { HandledSet, numbersOf, rangesOf } from './handled-set.ts'
import type { JournalState } from './journal.ts'
import { type JournalClock, noJournal } from './journal-clock.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'
import { SeqRing } from './seq-ring.ts'

/** Thrown when the peer sends more than it was allowed to: the session ends, not only the link. */
export class WindowExceeded extends Error {}

/**
 * One direction as its receiver sees it: what has been received, what of it is handled, and what the peer has been
 * told about that on this link.
 */
export class Inbox {
  /** Messages handled since the session began. */
  handledTotal = 0
  /** Messages that came again and were dropped. */
  duplicatesDropped = 0

  readonly #messagesMax: number
  readonly #bytesMax: number
  readonly #clock: JournalClock
  #got = 0
  /** What is handled, and the journal (if there is one) holds it: what may be acknowledged. */
  #handled = new HandledSet()
  /** What is handled, whatever the journal holds. The same one if there is no journal. */
  #recorded = this.#handled
  /** What is handled and waits for the journal. */
  #unwritten: Array<{ seq: number; write: number }> | undefined
  /** What was handled above and may be acknowledged, and has not been told on this link. */
  #untold: number[] | undefined
  #pending: SeqRing<PendingMessage> | undefined
  #pendingCount = 0
  #pendingBytes = 0
  #lastOnLink = 0
  #fin: FinEnvelope | undefined
  /** After a restart: the peer's `fin` was received before, and what lies in front of it comes only now. */
  #finAhead = false
  /** What was received before a restart and may have been begun: everything up to here. */
  #begunUpTo = 0
  #ackDue = false
  /** The cumulative acknowledgement that was last put into a frame of this link. */
  #toldN = 0
  /** What has come, and what was handled of it, since the last acknowledgement. */
  #bytesSinceAck = 0
  #countSinceAck = 0

  /** `window` is what this side has advertised; a peer may still be counting with the initial one. */
  constructor(window: Window, initial: Window, maxBytes: number, clock: JournalClock = noJournal) {
    this.#clock = clock
    if (clock.on) this.#recorded = new HandledSet()
    this.#messagesMax = Math.max(window.messages, initial.messages)
    this.#bytesMax = Math.max(window.bytes, initial.bytes, maxBytes)
  }

  /** The highest sequence number received. */
  get got(): number {
    return this.#got
  }

  get pendingCount(): number {
    return this.#pendingCount
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** True if the peer's `fin` and everything before it is handled. */
  get finished(): boolean {
    return this.#fin !== undefined && this.#handled.n >= this.#fin.seq
  }

  /** True once the peer's `fin` has come: nothing new will. */
  get finCame(): boolean {
    return this.#fin !== undefined
  }

  /**
   * True if an acknowledgement is due of so much that the peer, who may be waiting for it, should not have to until the
   * window is full: that would be one side working after the other.
   */
  get ackPresses(): boolean {
    if (!this.#ackDue) return false
    return this.#countSinceAck >= this.#messagesMax / 8 || this.#bytesSinceAck >= this.#bytesMax / 8
  }

  get ackDue(): boolean {
    return this.#ackDue
  }

  /** True if the peer has been told on this link that everything received is handled. */
  get allTold(): boolean {
    return this.#toldN === this.#got && !this.#ackDue
  }

  /** A link begins: acknowledgements are said anew on it. */
  startLink(): void {
    this.#lastOnLink = 0
    this.#toldN = 0
    this.#ackDue = this.#got > 0
    this.#untold = this.#handled.above()
  }

  /** Goes on where the journal's last write left off. Returns the peer's `fin` if nothing is missing in front of it. */
  restore(state: JournalState['in']): FinEnvelope | undefined {
    this.#handled = restoredSet(state)
    this.#recorded = this.#clock.on ? restoredSet(state) : this.#handled
    this.#got = this.#handled.n
    this.#begunUpTo = state.got
    this.#pending?.advance(this.#got + 1)
    this.handledTotal = state.handledTotal
    if (state.fin === undefined) return undefined
    this.#fin = { t: 'fin', ...state.fin }
    this.#finAhead = true
    return this.takeFinReached()
  }

  /** What of this direction must survive. */
  toJournal(): JournalState['in'] {
    const { n } = this.#recorded
    const state: Writable<JournalState['in']> = {
      got: Math.max(this.#got, this.#begunUpTo),
      handled: n,
      handledTotal: this.handledTotal,
    }
    if (this.#recorded.hasAbove) state.also = this.#recorded.ranges()
    if (this.#fin !== undefined) {
      const { t: _, ...fin } = this.#fin
      state.fin = fin
    }
    return state
  }

  /** Writes have come to survive: what is in them may be acknowledged. */
  confirmed(): void {
    const unwritten = this.#unwritten ?? []
    let count = 0
    for (const { seq, write } of unwritten) {
      if (!this.#clock.holds(write)) break
      this.#mayTell(seq)
      count++
    }
    this.#unwritten = count === unwritten.length ? undefined : unwritten.slice(count)
  }

  /** There is no journal any more: whatever is handled may be acknowledged. */
  unjournaled(): void {
    this.confirmed()
    this.#recorded = this.#handled
  }

  /** True if the application may have begun with this message before a restart. */
  begunBefore(seq: number): boolean {
    return seq <= this.#begunUpTo
  }

  /** The peer's `fin`, once, if it was received before a restart and everything in front of it has come by now. */
  takeFinReached(): FinEnvelope | undefined {
    if (!this.#finAhead || this.#fin === undefined || this.#got < this.#fin.seq) return undefined
    this.#finAhead = false
    return this.#fin
  }

  /** What the frame that is about to be read costs, for the messages in it. */
  openFrame(bytes: number): FrameCharge {
    this.#bytesSinceAck += bytes
    return { bytes: Math.max(0, bytes - limits.frameOverheadBytes), open: false }
  }

  /** Takes a message in. False if it has been received before. */
  receive(envelope: MsgEnvelope, charge: FrameCharge): boolean {
    if (!this.#advance(envelope.seq, 'msg')) {
      // What a frame's new messages take is not known when it has old ones too. On each link one frame at most is
      // such, and it is no longer than a batch: it goes free.
      charge.bytes = 0
      return false
    }
    this.#pending ??= new SeqRing(this.#handled.n + 1)
    this.#pending.set(envelope.seq, { id: envelope.id, charge })
    this.#pendingCount++
    if (!charge.open) {
      charge.open = true
      this.#pendingBytes += charge.bytes
    }
    if (this.#pendingCount > this.#messagesMax) {
      throw new WindowExceeded(
        `${this.#pendingCount} messages unacknowledged, ${this.#messagesMax} are allowed`,
      )
    }
    if (this.#pendingBytes > this.#bytesMax) {
      throw new WindowExceeded(`${this.#pendingBytes} bytes unacknowledged, ${this.#bytesMax} are allowed`)
    }
    return true
  }

  /** Takes `fin` in. False if it has been received before. */
  receiveFin(envelope: FinEnvelope): boolean {
    if (!this.#advance(envelope.seq, 'fin')) return false
    // After a restart it may be known already, and come once more in its place.
    this.#fin = envelope
    this.#finAhead = false
    this.#markHandled(envelope.seq)
    return true
  }

  /** The application has finished with a message. False if that was said before, or it was never received. */
  handled(seq: number): boolean {
    const pending = this.#pending?.get(seq)
    if (pending === undefined) return false
    this.#pending?.delete(seq)
    this.#pendingCount--
    if (pending.charge.open) {
      // The peer does not say which share of a frame each of its messages has: all of it is released with the first.
      pending.charge.open = false
      this.#pendingBytes -= pending.charge.bytes
    }
    this.handledTotal++
    this.#countSinceAck++
    this.#markHandled(seq)
    return true
  }

  /** The acknowledgement to send now; call again while `ackDue`. */
  takeAck(): AckEnvelope {
    const { n } = this.#handled
    const ack: AckEnvelope = { t: 'ack', n }
    this.#toldN = n
    this.#bytesSinceAck = 0
    this.#countSinceAck = 0
    if (this.#untold !== undefined) {
      const ranges = rangesOf(this.#untold.filter((seq) => seq > n))
      if (ranges.length > 0) ack.also = ranges.slice(0, limits.ackRangesMax)
      const rest = ranges.slice(limits.ackRangesMax)
      this.#untold = rest.length > 0 ? numbersOf(rest) : undefined
    }
    this.#ackDue = this.#untold !== undefined
    if (this.#pendingCount === 0 && this.#pending?.isLarge === false) this.#pending = undefined
    return ack
  }

  /** Nothing has come for a while. */
  rest(): void {
    if (this.#pendingCount === 0) this.#pending = undefined
  }

  /** Ids of what was received and is not handled, in order. */
  pendingIds(): string[] {
    const ids: string[] = []
    for (let seq = this.#handled.n + 1; seq <= this.#got; seq++) {
      const pending = this.#pending?.get(seq)
      if (pending !== undefined) ids.push(pending.id)
    }
    return ids
  }

  /** Links are ordered: on each of them `seq` only rises, and nothing is left out. False for a duplicate. */
  #advance(seq: number, kind: 'msg' | 'fin'): boolean {
    if (seq <= this.#lastOnLink)
      throw new PeerFault('sequenceRepeated', `seq ${seq} after ${this.#lastOnLink}`)
    if (seq > this.#got + 1) throw new PeerFault('sequenceGap', `seq ${seq} after ${this.#got}`)
    if (seq <= this.#got) {
      this.#lastOnLink = seq
      this.duplicatesDropped++
      return false
    }
    if (this.#fin !== undefined && seq > this.#fin.seq) {
      throw new PeerFault('envelopeUnexpected', `${kind} ${seq} came after fin`)
    }
    // `fin` may stand one above the span, and a message may not.
    if (seq > this.#handled.n + limits.sequenceSpanMax + (kind === 'fin' ? 1 : 0)) {
      throw new WindowExceeded(`seq ${seq}, and only ${this.#handled.n} is acknowledged throughout`)
    }
    this.#lastOnLink = seq
    this.#got = seq
    // What was handled before a restart does not come again.
    if (this.#recorded.hasAbove) while (this.#recorded.has(this.#got + 1)) this.#got++
    this.#clock.touch()
    return true
  }

  #markHandled(seq: number): void {
    if (!this.#clock.on) return this.#mayTell(seq)
    this.#recorded.add(seq)
    this.#unwritten ??= []
    this.#unwritten.push({ seq, write: this.#clock.touch() })
  }

  #mayTell(seq: number): void {
    this.#ackDue = true
    if (this.#handled.add(seq)) {
      this.#pending?.advance(this.#handled.n + 1)
      return
    }
    this.#untold ??= []
    this.#untold.push(seq)
  }
}

/** What one frame costs in the window, until the first of its messages is handled. */
export interface FrameCharge {
  bytes: number
  /** True once a message of the frame counts, until the first one is handled. */
  open: boolean
}

interface PendingMessage {
  id: string
  charge: FrameCharge
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function restoredSet({ handled, also = [] }: JournalState['in']): HandledSet {
  const set = new HandledSet()
  set.n = handled
  for (const seq of numbersOf(also as SeqRange[])) set.addAbove(seq)
  return set
}
