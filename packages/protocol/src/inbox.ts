import type { AckEnvelope, FinEnvelope, MsgEnvelope, SeqRange, Window } from './envelope.ts'
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
  #got = 0
  /** Every sequenced envelope up to this one is handled. */
  #n = 0
  #handledAbove = new Set<number>()
  /** What was handled above `n` and has not been told on this link. */
  #untold: number[] = []
  #pending = new SeqRing<PendingMessage>(1)
  #pendingCount = 0
  #pendingBytes = 0
  #lastOnLink = 0
  #finSeq = 0
  #ackDue = false
  /** The cumulative acknowledgement that was last put into a frame of this link. */
  #toldN = 0

  /** `window` is what this side has advertised; a peer may still be counting with the initial one. */
  constructor(window: Window, initial: Window, maxBytes: number) {
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
    return this.#finSeq > 0 && this.#n >= this.#finSeq
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
    this.#untold = [...this.#handledAbove]
  }

  /** What the frame that is about to be read costs, for the messages in it. */
  openFrame(bytes: number): FrameCharge {
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
    this.#finSeq = envelope.seq
    this.#markHandled(envelope.seq)
    return true
  }

  /** The application has finished with a message. False if that was said before, or it was never received. */
  handled(seq: number): boolean {
    const pending = this.#pending.get(seq)
    if (pending === undefined) return false
    this.#pending.delete(seq)
    this.#pendingCount--
    if (pending.charge.open) {
      // The peer does not say which share of a frame each of its messages has: all of it is released with the first.
      pending.charge.open = false
      this.#pendingBytes -= pending.charge.bytes
    }
    this.handledTotal++
    this.#markHandled(seq)
    return true
  }

  /** The acknowledgement to send now; call again while `ackDue`. */
  takeAck(): AckEnvelope {
    const ack: AckEnvelope = { t: 'ack', n: this.#n }
    this.#toldN = this.#n
    if (this.#untold.length > 0) {
      const ranges = rangesOf(this.#untold, this.#n)
      if (ranges.length > 0) ack.also = ranges.slice(0, limits.ackRangesMax)
      this.#untold = numbersOf(ranges.slice(limits.ackRangesMax))
    }
    this.#ackDue = this.#untold.length > 0
    return ack
  }

  /** Ids of what was received and is not handled, in order. */
  pendingIds(): string[] {
    const ids: string[] = []
    for (let seq = this.#n + 1; seq <= this.#got; seq++) {
      const pending = this.#pending.get(seq)
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
    if (this.#finSeq > 0) throw new PeerFault('envelopeUnexpected', `${kind} ${seq} came after fin`)
    // `fin` may stand one above the span.
    if (seq > this.#n + limits.sequenceSpanMax + 1) {
      throw new WindowExceeded(`seq ${seq}, and only ${this.#n} is acknowledged throughout`)
    }
    this.#lastOnLink = seq
    this.#got = seq
    return true
  }

  #markHandled(seq: number): void {
    this.#ackDue = true
    if (seq !== this.#n + 1) {
      this.#handledAbove.add(seq)
      this.#untold.push(seq)
      return
    }
    this.#n = seq
    while (this.#handledAbove.delete(this.#n + 1)) this.#n++
    this.#pending.advance(this.#n + 1)
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

/** The numbers above `n` as ascending ranges that do not touch. */
function rangesOf(numbers: number[], n: number): SeqRange[] {
  const sorted = numbers.filter((seq) => seq > n).sort((a, b) => a - b)
  const ranges: SeqRange[] = []
  for (const seq of sorted) {
    const last = ranges[ranges.length - 1]
    if (last !== undefined && seq <= last[1] + 1) last[1] = Math.max(last[1], seq)
    else ranges.push([seq, seq])
  }
  return ranges
}

function numbersOf(ranges: SeqRange[]): number[] {
  const numbers: number[] = []
  for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) numbers.push(seq)
  return numbers
}
