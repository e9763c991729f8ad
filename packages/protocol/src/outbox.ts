import type { AckEnvelope, FinEnvelope, SeqRange, Window } from './envelope.ts'
import type { Fate } from './errors.ts'
import { numbersOf, rangesOf } from './handled-set.ts'
import type { JournaledMessage, JournalSnapshot, JournalState } from './journal.ts'
import { type JournalClock, noJournal } from './journal-clock.ts'
import { limits } from './limits.ts'
import { noChanges, OutboxChanges } from './outbox-changes.ts'
import { OutgoingFin } from './outgoing-fin.ts'
import { OutgoingMessage } from './outgoing-message.ts'
import { PeerFault } from './peer-fault.ts'
import { SendQueue } from './send-queue.ts'
import { SeqRing } from './seq-ring.ts'
import { SettledAbove } from './settled-above.ts'

/**
 * One direction as its sender sees it: what is queued, what is in flight, what the peer has received and handled.
 *
 * A message gets its sequence number when it is first transmitted; until then it can be taken back. From then on
 * it is retained until acknowledged. All work is O(1) a message: nothing scans what is in flight.
 */
export class Outbox<Tag> {
  /** What the peer lets stand unacknowledged. */
  window: Window
  /** The largest message that the peer takes, in bytes. */
  maxBytes: number
  /** Messages that have ended as handled, since the session began. */
  handledTotal = 0

  /** What has no number yet. Made for the first message. */
  #queue: SendQueue<Tag> | undefined
  /** What has a number: in flight, or from before a restart and not sent again. Made for the first of them. */
  #inFlight: SeqRing<OutgoingMessage<Tag>> | undefined
  #inFlightCount = 0
  #inFlightBytes = 0
  /** Only of a session that was restored. */
  #restored: Restored | undefined
  /** What is acknowledged above what is so throughout; only while there is any. */
  #settledAbove: SettledAbove | undefined
  /** The lowest sequence number that is not acknowledged. */
  #base = 1
  /** The highest sequence number that has been given out. */
  #last = 0
  /** The next sequence number to transmit on this link: at most `last + 1`. */
  #cursor = 1
  /** The highest one that may have left on any link. */
  #left = 0
  #leftBeforeLink = 0
  #leftOnLink = false
  /** The highest one that the peer is known to have received. */
  #peerGot = 0
  #fin: OutgoingFin | undefined
  readonly #clock: JournalClock
  readonly #changes: OutboxChanges
  /** The write that has what was acknowledged throughout. */
  #ackWrite = 0

  constructor(window: Window, maxBytes: number, clock: JournalClock = noJournal) {
    this.window = window
    this.maxBytes = maxBytes
    this.#clock = clock
    this.#changes = clock.on ? new OutboxChanges(clock) : noChanges
  }

  /** Bytes retained: queued and in flight. */
  get bytes(): number {
    return (this.#queue?.bytes ?? 0) + (this.#restored?.bytes ?? 0) + this.#inFlightBytes
  }

  get queuedCount(): number {
    return (this.#queue?.count ?? 0) + (this.#restored?.count ?? 0)
  }

  get inFlightCount(): number {
    return this.#inFlightCount
  }

  /** False if `next` has nothing to give, whatever the link and the window let through. */
  get hasNext(): boolean {
    return (
      this.#cursor <= this.#last ||
      (this.#queue !== undefined && this.#queue.count > 0) ||
      this.#fin?.seq === 0
    )
  }

  /** Everything up to this number is acknowledged. */
  get acked(): number {
    return this.#base - 1
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** The highest sequence number that was given out. */
  get last(): number {
    return this.#last
  }

  /** True if nothing has been transmitted, and nothing waits for it. */
  get untouched(): boolean {
    return this.#last === 0 && this.queuedCount === 0
  }

  /** True if something is retained, or a `fin` that is not acknowledged. */
  get owes(): boolean {
    return this.queuedCount + this.inFlightCount > 0 || (this.finRequested && !this.acknowledged)
  }

  get finRequested(): boolean {
    return this.#fin !== undefined
  }

  /** True if `fin` and everything before it is acknowledged. */
  get acknowledged(): boolean {
    return this.#fin !== undefined && this.#fin.seq > 0 && this.#base > this.#fin.seq
  }

  /** True if the journal holds that, too. */
  get finished(): boolean {
    return this.acknowledged && this.#clock.holds(this.#ackWrite)
  }

  /** True if everything before `fin` is acknowledged, `fin` is all that is left, and the journal holds both. */
  get finishedButFin(): boolean {
    const fin = this.#fin
    if (fin === undefined || this.queuedCount > 0 || this.#inFlightCount > 0) return false
    return this.#clock.holds(this.#ackWrite) && this.#clock.holds(fin.write)
  }

  push(message: OutgoingMessage<Tag>): void {
    this.#changes.add(message)
    this.#queue ??= new SendQueue()
    this.#queue.push(message)
  }

  /** Takes a message back that has not been transmitted, and forgets what is in it. False if it has. */
  drop(message: OutgoingMessage<Tag>): boolean {
    // One that has a number and is queued comes from before a restart, and may have left then.
    if (message.state !== 'queued' || message.seq > 0) return false
    message.forget()
    this.#changes.drop(message)
    this.#queue?.forget(message)
    return true
  }

  /** `fin` goes behind everything that is queued now. */
  requestFin(code: number | undefined, reason: string | undefined): void {
    this.#fin ??= new OutgoingFin(code, reason, this.#clock.touch())
  }

  /** A link begins: transmission starts behind what the peer is known to have received, or with what it has not acknowledged. */
  rewind(all = false): void {
    this.#leftBeforeLink = this.#left
    this.#leftOnLink = false
    this.#cursor = all ? this.#base : Math.max(this.#base, this.#peerGot + 1)
  }

  /**
   * Nothing of what was transmitted on the link that has just ended left this side. What was numbered for it goes
   * back to the head of the queue, from where it can be taken back again.
   */
  unleave(): void {
    this.#unnumberAbove(this.#leftBeforeLink)
  }

  /**
   * The peer says how much it has received: less than before if it has been restored from its journal. A fault if it
   * never was sent, or was acknowledged before and now is not there.
   */
  peerReceived(got: number): void {
    if (got > this.#last) throw new PeerFault('ackInvalid', `got ${got}, and ${this.#last} were sent`)
    if (got < this.acked) {
      throw new PeerFault('ackInvalid', `got ${got}, after ${this.acked} had been acknowledged`)
    }
    this.#peerGot = got
    this.#countReceived()
    if (this.#cursor <= got || !this.#leftOnLink) this.#cursor = Math.max(this.#base, got + 1)
  }

  /** What a peer says that has ended the session: believed as far as it can be true, and no fault if it cannot. */
  peerSaysItHas(got: number): void {
    if (got > this.#peerGot && got <= this.#last) this.#peerGot = got
  }

  /** Takes an acknowledgement in. Returns the messages that it settled, in order; throws a fault for what was never sent. */
  acknowledge(ack: AckEnvelope): OutgoingMessage<Tag>[] {
    const highest = ack.also === undefined ? ack.n : Math.max(ack.n, ack.also[ack.also.length - 1]?.[1] ?? 0)
    if (highest > this.#last) {
      throw new PeerFault('ackInvalid', `ack of ${highest}, and ${this.#last} were sent`)
    }
    const settled: OutgoingMessage<Tag>[] = []
    for (let seq = this.#base; seq <= ack.n; seq++) this.#settle(seq, settled)
    if (this.#base <= ack.n) this.#advance(ack.n + 1)
    if (ack.also !== undefined) {
      this.#settledAbove ??= new SettledAbove(this.#base)
      for (const [from, to] of ack.also) {
        let seq = this.#settledAbove.skip(Math.max(from, this.#base))
        if (seq <= to) this.#clock.touch()
        while (seq <= to) {
          this.#settle(seq, settled)
          this.#settledAbove.add(seq)
          seq = this.#settledAbove.skip(seq + 1)
        }
      }
    }
    // What is acknowledged throughout is so by whatever acknowledgements say it: the ranges may reach down to the base.
    const throughout = this.#skipSettled(this.#base)
    if (throughout > this.#base) this.#advance(throughout)
    this.#letGo(false)
    if (highest > this.#peerGot) this.#peerGot = highest
    this.handledTotal += settled.length
    return settled
  }

  /**
   * The next thing to transmit on this link, or nothing: a message that is retained and was not transmitted on this
   * link, else a queued one if the window lets it, else `fin`. Nothing, too, if it is larger than `bytesMax`, or not
   * of the kind that is asked for: what goes in a text frame, or a message with a binary payload.
   */
  next(bytesMax: number, kind: 'text' | 'binary'): OutgoingMessage<Tag> | FinEnvelope | undefined {
    while (this.#cursor <= this.#last) {
      if (this.#cursor === this.#fin?.seq) return this.#finFits(bytesMax, kind) ? this.#takeFin() : undefined
      const message = this.#inFlight?.get(this.#cursor)
      if (message === undefined) {
        this.#cursor++
        continue
      }
      if (message.bytes > bytesMax || kindOf(message) !== kind) return undefined
      if (message.state === 'queued') {
        if (!this.#windowHolds(message, message.seq)) return undefined
        this.#countInFlight(message)
      }
      this.#markLeft()
      return message
    }
    if (!this.#changes.numbersHold) return undefined
    const message = this.#queue?.peek()
    if (message !== undefined) {
      if (message.bytes > bytesMax || kindOf(message) !== kind) return undefined
      if (!this.#clock.holds(message.write) || !this.#windowHolds(message, this.#last + 1)) return undefined
      this.#startFlight(message)
      this.#markLeft()
      return message
    }
    const fin = this.#fin
    if (fin?.seq === 0 && this.#clock.holds(fin.write) && this.#finFits(bytesMax, kind)) {
      fin.seq = ++this.#last
      return this.#takeFin()
    }
    return undefined
  }

  /** Queued messages that the peer will never take. They are taken out of the queue. */
  dropTooLarge(): OutgoingMessage<Tag>[] {
    this.#unnumberTooLarge()
    const dropped = this.#queue?.largerThan(this.maxBytes) ?? []
    for (const message of dropped) this.drop(message)
    return dropped
  }

  /**
   * The session is over: everything that is left, in order, with its fate. `mayGoOn`: if this process ends before the
   * journal knows of the end, the next one goes on.
   */
  drain(mayGoOn = false): Array<{ message: OutgoingMessage<Tag>; fate: Fate }> {
    const rest: Array<{ message: OutgoingMessage<Tag>; fate: Fate }> = []
    for (let seq = this.#base; seq <= this.#last; seq++) {
      const message = this.#inFlight?.get(seq)
      if (message === undefined) continue
      message.state = 'settled'
      this.#changes.remove(message)
      rest.push({ message, fate: seq <= this.#peerGot ? 'received' : 'unknown' })
    }
    for (let message = this.#queue?.peek(); message !== undefined; message = this.#queue?.peek()) {
      this.#queue?.shift()
      const fate = mayGoOn ? this.fateOf(message) : 'not-sent'
      message.state = 'settled'
      this.#changes.remove(message)
      rest.push({ message, fate })
    }
    this.#inFlight = undefined
    this.#inFlightCount = 0
    this.#inFlightBytes = 0
    this.#restored = undefined
    return rest
  }

  /** How far a message is known to have come, while it is not handled. */
  fateOf(message: OutgoingMessage<Tag>): Fate {
    // What the journal has may be sent by the next process, as long as the journal has it.
    if (message.seq === 0) return this.#changes.has(message) ? 'unknown' : 'not-sent'
    return message.seq <= this.#peerGot ? 'received' : 'unknown'
  }

  /** There is no journal any more. */
  unjournaled(): void {
    this.#changes.stop()
  }

  /** What the journal's next write adds and removes. */
  takeChanges(): { add: JournaledMessage[]; remove: number[] } {
    return this.#changes.take()
  }

  /** What else of this direction must survive. */
  toJournal(): JournalState['out'] {
    const state: Writable<JournalState['out']> = { acked: this.acked, handledTotal: this.handledTotal }
    const also: number[] = []
    // Only where there is any: what is in flight has no gaps otherwise.
    if (this.#settledAbove !== undefined) {
      for (let seq = this.#base; seq <= this.#settledAbove.highest; seq++) {
        if (this.#settledAbove.skip(seq) !== seq) also.push(seq)
      }
    }
    if (also.length > 0) state.also = rangesOf(also)
    if (this.#fin !== undefined) state.fin = this.#fin.toJournal()
    return state
  }

  /**
   * Goes on where the journal's last write left off. Every message has its number again, by its place in the order,
   * and nobody knows whether it had left.
   */
  restore({ state, messages }: JournalSnapshot, tagOf: (message: JournaledMessage) => Tag): void {
    const { acked, also = [], fin, handledTotal } = state.out
    this.handledTotal = handledTotal
    this.#base = acked + 1
    this.#inFlight?.advance(this.#base)
    if (also.length > 0) this.#settledAbove = new SettledAbove(this.#base)
    for (const seq of numbersOf(also as SeqRange[])) this.#settledAbove?.add(seq)
    this.#last = acked
    const restored: Restored = { count: 0, bytes: 0, uncounted: this.#base, last: 0 }
    this.#restored = restored
    for (const entry of messages) {
      const message = new OutgoingMessage(
        entry.id,
        entry.rest,
        undefined,
        entry.payload,
        entry.bytes,
        tagOf(entry),
      )
      message.order = entry.order
      message.seq = this.#skipSettled(this.#last + 1)
      this.#last = message.seq
      this.#changes.restored(entry.order)
      this.#inFlight ??= new SeqRing(this.#base)
      this.#inFlight.set(message.seq, message)
      restored.count++
      restored.bytes += message.bytes
    }
    this.#last = this.#skipSettled(this.#last + 1) - 1
    if (fin !== undefined) {
      this.requestFin(fin.code, fin.reason)
      this.#last = fin.seq > 0 ? fin.seq : this.#last + 1
      ;(this.#fin as OutgoingFin).seq = this.#last
    }
    this.#left = this.#last
    this.#leftBeforeLink = this.#last
    restored.last = this.#last
    this.#peerGot = acked
    this.#cursor = this.#base
  }

  /** Nothing has come for a while. */
  rest(): void {
    this.#letGo(true)
  }

  /** A session that is idle holds neither a queue nor a ring. One that is large is kept for a while. */
  #letGo(rests: boolean): void {
    if (this.#queue?.count === 0) this.#queue = undefined
    if (this.#inFlightCount + (this.#restored?.count ?? 0) > 0) return
    if (rests || this.#inFlight?.isLarge === false) this.#inFlight = undefined
  }

  /** The lowest number from this one on that is not acknowledged. */
  #skipSettled(seq: number): number {
    return this.#settledAbove === undefined ? seq : this.#settledAbove.skip(seq)
  }

  /** What has a higher number has not left, and goes back to the head of the queue. */
  #unnumberAbove(left: number): void {
    const back: OutgoingMessage<Tag>[] = []
    for (let seq = left + 1; seq <= this.#last; seq++) {
      const message = this.#inFlight?.get(seq)
      if (message === undefined) continue
      this.#inFlight?.delete(seq)
      if (message.state === 'queued') this.#countInFlight(message)
      this.#inFlightCount--
      this.#inFlightBytes -= message.bytes
      message.seq = 0
      message.state = 'queued'
      back.push(message)
    }
    if (this.#fin !== undefined && this.#fin.seq > left) this.#fin.seq = 0
    this.#queue ??= new SendQueue()
    this.#queue.unshift(back)
    this.#left = left
    this.#leftBeforeLink = Math.min(this.#leftBeforeLink, left)
    this.#last = Math.min(this.#last, left)
    this.#cursor = Math.min(this.#cursor, this.#last + 1)
  }

  /**
   * A message from before a restart that the peer will never take has not left, nor has what stands behind it: nobody
   * knew before the first greeting how large a message may be, and larger ones waited for it.
   */
  #unnumberTooLarge(): void {
    const restored = this.#restored
    if (restored === undefined) return
    for (let seq = Math.max(this.#base, restored.uncounted); seq <= restored.last; seq++) {
      const message = this.#inFlight?.get(seq)
      if (message?.state !== 'queued' || message.bytes <= this.maxBytes) continue
      restored.last = seq - 1
      return this.#unnumberAbove(seq - 1)
    }
  }

  #settle(seq: number, settled: OutgoingMessage<Tag>[]): void {
    const message = this.#inFlight?.get(seq)
    if (message === undefined) return
    if (message.state === 'queued') this.#countInFlight(message)
    this.#inFlight?.delete(seq)
    this.#inFlightCount--
    this.#inFlightBytes -= message.bytes
    this.#changes.remove(message)
    message.state = 'settled'
    settled.push(message)
  }

  #advance(base: number): void {
    this.#ackWrite = this.#clock.touch()
    this.#base = base
    this.#inFlight?.advance(base)
    this.#settledAbove?.advance(base)
    if (this.#settledAbove?.isEmpty) this.#settledAbove = undefined
    if (this.#cursor < base) this.#cursor = base
  }

  #windowHolds(message: OutgoingMessage<Tag>, seq: number): boolean {
    // One handler that never finishes must not make both sides remember everything that was handled after it.
    if (seq - this.#base >= limits.sequenceSpanMax) return false
    // One message may always go, so that one as large as the window does not wait forever.
    if (this.#inFlightCount === 0) return true
    return (
      this.#inFlightCount < this.window.messages && this.#inFlightBytes + message.bytes <= this.window.bytes
    )
  }

  #startFlight(message: OutgoingMessage<Tag>): void {
    this.#queue?.shift()
    message.seq = ++this.#last
    message.state = 'in-flight'
    this.#inFlight ??= new SeqRing(this.#base)
    this.#inFlight.set(message.seq, message)
    this.#inFlightCount++
    this.#inFlightBytes += message.bytes
  }

  /** One from before a restart, which has its number, goes out. */
  #countInFlight(message: OutgoingMessage<Tag>): void {
    message.state = 'in-flight'
    const restored = this.#restored as Restored
    restored.count--
    restored.bytes -= message.bytes
    this.#inFlightCount++
    this.#inFlightBytes += message.bytes
  }

  /** What the peer has received from before a restart is not sent again, and stands in its window all the same. */
  #countReceived(): void {
    const restored = this.#restored
    if (restored === undefined) return
    const last = Math.min(this.#peerGot, restored.last)
    for (let seq = Math.max(this.#base, restored.uncounted); seq <= last; seq++) {
      const message = this.#inFlight?.get(seq)
      if (message?.state === 'queued') this.#countInFlight(message)
      restored.uncounted = seq + 1
    }
  }

  #finFits(bytesMax: number, kind: 'text' | 'binary'): boolean {
    return kind === 'text' && (this.#fin as OutgoingFin).bytes <= bytesMax
  }

  #takeFin(): FinEnvelope {
    this.#markLeft()
    return (this.#fin as OutgoingFin).toEnvelope()
  }

  #markLeft(): void {
    this.#leftOnLink = true
    if (this.#cursor > this.#left) this.#left = this.#cursor
    this.#cursor++
  }
}

/** What a session has of a process before. */
interface Restored {
  /** Messages that were not sent again, and their bytes. */
  count: number
  bytes: number
  /** The lowest number whose message may not have been counted in flight. */
  uncounted: number
  /** The highest number. */
  last: number
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function kindOf(message: OutgoingMessage<unknown>): 'text' | 'binary' {
  return message.payload === undefined ? 'text' : 'binary'
}
