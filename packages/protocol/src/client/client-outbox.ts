import type { AckEnvelope, SeqRange } from '../envelope.ts'
import type { Fate } from '../errors.ts'
import { sequenceSpanMax, windowBytes, windowMessages } from './bounds.ts'
import type { ClientMessage } from './client-message.ts'
import { Fault } from './fault.ts'

/** What a `fin` with the longest reason takes in a frame. It counts in no window and no cap. */
const finBytesMax = 512

/**
 * One direction as its sender sees it: what waits, what is in flight, what the server is known to have. `fin` is the
 * last of the messages.
 */
export class ClientOutbox<Tag> {
  window = { messages: windowMessages, bytes: windowBytes }
  /** How large a message the server takes, once it has said so. */
  maxBytes = Number.POSITIVE_INFINITY
  /** Bytes retained: queued and in flight. */
  bytes = 0
  handledTotal = 0
  fin: ClientMessage<Tag> | undefined
  /** The highest sequence number that was given out. */
  last = 0
  /** What has no number yet, the oldest first. */
  readonly #queue = new Set<ClientMessage<Tag>>()
  /** What has one and is not acknowledged, in order. */
  readonly #inFlight = new Map<number, ClientMessage<Tag>>()
  #inFlightBytes = 0
  /** The highest number that the server is known to have received. */
  #peerGot = 0
  /** The next number to transmit on this link. */
  #cursor = 1
  #lastBeforeLink = 0
  #leftOnLink = false

  /** True if nothing is retained, not even `fin`. */
  get empty(): boolean {
    return this.#queue.size + this.#inFlight.size === 0
  }

  /** True if `fin` and everything before it is acknowledged. */
  get finished(): boolean {
    return this.fin !== undefined && this.empty
  }

  /** Everything below this number is acknowledged. */
  get #base(): number {
    return this.#inFlight.keys().next().value ?? this.last + 1
  }

  push(message: ClientMessage<Tag>): void {
    this.#queue.add(message)
    this.bytes += message.bytes
  }

  /** Takes a message back that has not been transmitted. False if it has. */
  drop(message: ClientMessage<Tag>): boolean {
    const dropped = this.#queue.delete(message)
    if (dropped) this.bytes -= message.bytes
    return dropped
  }

  /** A link begins: transmission starts behind what the server is known to have received. */
  startLink(): void {
    this.#lastBeforeLink = this.last
    this.#leftOnLink = false
    this.#cursor = Math.max(this.#base, this.#peerGot + 1)
  }

  /** Nothing of what was numbered for this link has left: it goes back to the head of the queue. */
  unleave(): void {
    const queued = [...this.#queue]
    this.#queue.clear()
    for (const [seq, message] of this.#inFlight) {
      if (seq <= this.#lastBeforeLink) continue
      this.#inFlight.delete(seq)
      this.#inFlightBytes -= message.bytes
      message.seq = 0
      this.#queue.add(message)
    }
    for (const message of queued) this.#queue.add(message)
    this.last = Math.min(this.last, this.#lastBeforeLink)
    this.#cursor = Math.min(this.#cursor, this.last + 1)
  }

  /** The server says with its `welcome` how much it has: less than before if it has been restored from its journal. */
  peerReceived(got: number): void {
    if (got > this.last || got < this.#base - 1) throw new Fault('ackInvalid', `got ${got}`)
    this.#peerGot = got
    // What went behind this link's `hello` need not be counted yet.
    if (this.#cursor <= got || !this.#leftOnLink) this.#cursor = Math.max(this.#base, got + 1)
  }

  /** What a server says that has ended the session: believed as far as it can be true. */
  peerSaysItHas(got: number): void {
    if (got <= this.last) this.#peerGot = Math.max(this.#peerGot, got)
  }

  /** Returns the messages that an acknowledgement settles, in order. */
  acknowledge({ n, also = [] }: AckEnvelope): ClientMessage<Tag>[] {
    const ranges: SeqRange[] = [[this.#base, n], ...also]
    const highest = Math.max(n, ranges[ranges.length - 1]?.[1] as number)
    if (highest > this.last) throw new Fault('ackInvalid', `ack of ${highest}`)
    this.peerSaysItHas(highest)
    const settled: ClientMessage<Tag>[] = []
    for (const [from, to] of ranges) {
      for (let seq = from; seq <= to; seq++) {
        const message = this.#inFlight.get(seq)
        if (message === undefined) continue
        this.#inFlight.delete(seq)
        this.#inFlightBytes -= message.bytes
        this.bytes -= message.bytes
        if (!message.fin) settled.push(message)
      }
    }
    this.handledTotal += settled.length
    return settled
  }

  /** The next thing to transmit: of the kind that is asked for, and no longer than `bytesMax`. */
  next(bytesMax: number, binary: boolean): ClientMessage<Tag> | undefined {
    let message: ClientMessage<Tag> | undefined
    while (this.#cursor <= this.last) {
      message = this.#inFlight.get(this.#cursor)
      if (message !== undefined) break
      this.#cursor++
    }
    message ??= this.#queue.values().next().value
    if (message === undefined || (message.payload !== undefined) !== binary) return
    if ((message.fin ? finBytesMax : message.bytes) > bytesMax) return
    if (message.seq === 0) {
      if (!message.fin && !this.#windowHolds(message)) return
      this.#queue.delete(message)
      message.seq = ++this.last
      this.#inFlight.set(message.seq, message)
      this.#inFlightBytes += message.bytes
    }
    this.#cursor = message.seq + 1
    this.#leftOnLink = true
    return message
  }

  /** Queued messages that the server will never take. */
  dropTooLarge(): ClientMessage<Tag>[] {
    return [...this.#queue].filter((message) => message.bytes > this.maxBytes && this.drop(message))
  }

  /** The session is over: everything that is left, in order. */
  drain(): ClientMessage<Tag>[] {
    const rest = [...this.#inFlight.values(), ...this.#queue]
    this.#inFlight.clear()
    this.#queue.clear()
    this.bytes = 0
    return rest.filter((message) => !message.fin)
  }

  fateOf({ seq }: ClientMessage<Tag>): Fate {
    if (seq === 0) return 'not-sent'
    return seq <= this.#peerGot ? 'received' : 'unknown'
  }

  #windowHolds({ bytes }: ClientMessage<Tag>): boolean {
    // One handler that never finishes must not make both sides remember everything that was handled after it.
    if (this.last + 1 - this.#base >= sequenceSpanMax) return false
    // One message may always go, so that one as large as the window does not wait forever.
    if (this.#inFlight.size === 0) return true
    return this.#inFlight.size < this.window.messages && this.#inFlightBytes + bytes <= this.window.bytes
  }
}
