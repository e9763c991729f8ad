import type { AckEnvelope, FinEnvelope, MsgEnvelope, SeqRange, Window } from '../envelope.ts'
import { ackRangesMax, frameOverheadBytes, sequenceSpanMax, windowBytes, windowMessages } from './bounds.ts'
import { Fault } from './fault.ts'

/** The server has sent more than it was allowed to: the session ends, not only the link. */
export class WindowExceeded extends Error {}

/** One direction as its receiver sees it: what has come, what of it is handled, what the server has been told of that. */
export class ClientInbox {
  /** The highest sequence number received. */
  got = 0
  handledTotal = 0
  /** True if there is something to acknowledge. */
  ackDue = false
  readonly #window: Window
  /** What has come and is not handled: its id, and what its frame costs. */
  readonly #pending = new Map<number, { id: string; charge: Charge }>()
  #pendingBytes = 0
  /** Everything up to this number is handled. */
  #handled = 0
  /** What is handled above it. */
  readonly #above = new Set<number>()
  /** What of that has not been told on this link. */
  #untold: number[] = []
  #toldUpTo = 0
  #lastOnLink = 0
  #fin = 0

  /** A server may still be counting with the initial window. */
  constructor({ messages, bytes }: Window, maxBytes: number) {
    this.#window = {
      messages: Math.max(messages, windowMessages),
      bytes: Math.max(bytes, windowBytes, maxBytes),
    }
  }

  /** True if the server's `fin` and everything before it is handled. */
  get finished(): boolean {
    return this.#fin > 0 && this.#handled >= this.#fin
  }

  /** True if the server has been told on this link that everything received is handled. */
  get allTold(): boolean {
    return this.#toldUpTo === this.got && !this.ackDue
  }

  /** A link begins: acknowledgements are said anew on it. */
  startLink(): void {
    this.#lastOnLink = 0
    this.#toldUpTo = 0
    this.ackDue = this.got > 0
    this.#untold = [...this.#above]
  }

  /** Takes a message or `fin` in. False if it has been received before. `charge`: of the frame that it came in. */
  receive(envelope: MsgEnvelope | FinEnvelope, charge: Charge): boolean {
    const { seq } = envelope
    const isFin = envelope.t === 'fin'
    if (seq <= this.#lastOnLink) throw new Fault('sequenceRepeated', `seq ${seq} again`)
    if (seq > this.got + 1) throw new Fault('sequenceGap', `seq ${seq} after ${this.got}`)
    this.#lastOnLink = seq
    if (seq <= this.got) {
      // What the new messages of a frame take is not known when it has old ones too: it goes free.
      if (!isFin) charge.bytes = 0
      return false
    }
    if (this.#fin > 0) throw new Fault('envelopeUnexpected', 'more after fin')
    const { messages, bytes } = this.#window
    this.got = seq
    if (isFin) {
      this.#fin = seq
      this.#markHandled(seq)
    } else {
      this.#pending.set(seq, { id: envelope.id, charge })
      if (!charge.open) this.#pendingBytes += charge.bytes
      charge.open = true
    }
    if (
      // `fin` may stand one above the span, and a message may not.
      seq > this.#handled + sequenceSpanMax + Number(isFin) ||
      this.#pending.size > messages ||
      this.#pendingBytes > bytes
    ) {
      throw new WindowExceeded('more than the window allows')
    }
    return true
  }

  /** The application has finished with a message. False if that was said before. */
  handled(seq: number): boolean {
    const pending = this.#pending.get(seq)
    if (pending === undefined) return false
    const { charge } = pending
    this.#pending.delete(seq)
    // The server does not say which share of a frame each of its messages has: all of it is released with the first.
    if (charge.open) this.#pendingBytes -= charge.bytes
    charge.open = false
    this.handledTotal++
    this.#markHandled(seq)
    return true
  }

  /** The acknowledgement to send now; ask again while `ackDue`. */
  takeAck(): AckEnvelope {
    const n = this.#handled
    const ranges: SeqRange[] = []
    const later: number[] = []
    for (const seq of this.#untold.sort((a, b) => a - b)) {
      const range = ranges[ranges.length - 1]
      if (seq <= n) continue
      if (range?.[1] === seq - 1) range[1] = seq
      else if (ranges.length < ackRangesMax) ranges.push([seq, seq])
      else later.push(seq)
    }
    this.#toldUpTo = n
    this.#untold = later
    this.ackDue = later.length > 0
    return ranges.length > 0 ? { t: 'ack', n, also: ranges } : { t: 'ack', n }
  }

  /** Ids of what was received and is not handled, in order. */
  pendingIds(): string[] {
    return [...this.#pending.values()].map(({ id }) => id)
  }

  #markHandled(seq: number): void {
    this.ackDue = true
    this.#above.add(seq)
    if (seq === this.#handled + 1) while (this.#above.delete(this.#handled + 1)) this.#handled++
    else this.#untold.push(seq)
  }
}

/** What one frame costs in the window, from its first new message until the first of its messages is handled. */
export interface Charge {
  bytes: number
  /** True in that time. */
  open?: boolean
}

/** What a frame of so many bytes costs. */
export function chargeOf(bytes: number): Charge {
  return { bytes: Math.max(0, bytes - frameOverheadBytes) }
}
