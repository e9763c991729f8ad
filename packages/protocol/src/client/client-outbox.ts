import type { AckEnvelope, Window } from '../envelope.ts'
import type { Fate } from '../errors.ts'
import { sequenceSpanMax, windowBytes, windowMessages } from './bounds.ts'
import type { ClientMessage } from './client-message.ts'
import { ackInvalid } from './close-codes.ts'

/**
 * One direction as its sender sees it: what waits, what is in flight, what the server is known to have. `fin` is the
 * last of the messages, takes no room, and passes a full window.
 */
export function clientOutbox<Tag>() {
  /** What has no number yet, the oldest first. */
  const queue = new Set<ClientMessage<Tag>>()
  /** What has one and is not acknowledged, in order. */
  const inFlight = new Map<number, ClientMessage<Tag>>()
  let inFlightBytes = 0
  let messagesMax = windowMessages
  let bytesMax = windowBytes
  let maxBytes = Number.POSITIVE_INFINITY
  /** The highest sequence number that was given out. */
  let last = 0
  /** The highest number that the server is known to have received. */
  let peerGot = 0
  /** The next number to transmit on this link, and whether anything has been. */
  let cursor = 1
  let begun = false
  let bytes = 0
  let handledTotal = 0

  /** Everything below this number is acknowledged. */
  const base = (): number => inFlight.keys().next().value ?? last + 1

  const outbox = {
    handledTotal: () => handledTotal,
    /** Bytes retained: queued and in flight. */
    bytes: () => bytes,
    /** True if nothing is retained, not even `fin`. */
    empty: () => queue.size + inFlight.size === 0,

    fateOf: ({ seq }: ClientMessage<Tag>): Fate =>
      !seq ? 'not-sent' : seq <= peerGot ? 'received' : 'unknown',

    /** False if it is larger than the server takes. */
    push(message: ClientMessage<Tag>): boolean {
      if (message.bytes > maxBytes) return false
      queue.add(message)
      bytes += message.bytes
      return true
    },

    /** Takes a message back that has not been transmitted. False if it has. */
    drop(message: ClientMessage<Tag>): boolean {
      const dropped = queue.delete(message)
      if (dropped) bytes -= message.bytes
      return dropped
    },

    /** A link begins: transmission starts behind what the server is known to have received, or with what it has not acknowledged. */
    startLink(all?: boolean): void {
      begun = false
      cursor = Math.max(base(), all ? 1 : peerGot + 1)
    },

    /**
     * The server says with its `welcome` how much it has, less than before if it has been restored from its journal
     * and what it takes. Returns what is larger than that.
     */
    welcome(got: number, { messages, bytes }: Window, newMaxBytes: number): ClientMessage<Tag>[] {
      if (got > last || got < base() - 1) throw ackInvalid
      peerGot = got
      // What went behind this link's `hello` need not be counted yet.
      if (cursor <= got || !begun) cursor = Math.max(base(), got + 1)
      messagesMax = messages
      bytesMax = bytes
      maxBytes = newMaxBytes
      return [...queue].filter((message) => message.bytes > maxBytes && outbox.drop(message))
    },

    /** What a server says it has: believed as far as it can be true. */
    peerSaysItHas(got: number): void {
      if (got <= last && got > peerGot) peerGot = got
    },

    /** Returns the messages that an acknowledgement settles, in order. */
    acknowledge({ n, also = [] }: AckEnvelope): ClientMessage<Tag>[] {
      const from = base()
      const settled: ClientMessage<Tag>[] = []
      const ranges = [[from, n], ...also] as [number, number][]
      // Before any of it takes effect: who waits for a message must hear of its end.
      if (ranges.some(([, to]) => to > last)) throw ackInvalid
      for (const [first, to] of ranges) {
        outbox.peerSaysItHas(to)
        for (let seq = Math.max(first, from); seq <= to; seq++) {
          const message = inFlight.get(seq)
          if (!message) continue
          inFlight.delete(seq)
          inFlightBytes -= message.bytes
          bytes -= message.bytes
          if (!message.fin) settled.push(message)
        }
      }
      handledTotal += settled.length
      return settled
    },

    /** The next thing to transmit: of the kind that is asked for, and no longer than `room`. */
    next(room: number, binary: boolean): ClientMessage<Tag> | undefined {
      while (cursor <= last && !inFlight.has(cursor)) cursor++
      const message = inFlight.get(cursor) ?? queue.values().next().value
      if (!message || !message.payload === binary || (message.fin ? finBytesMax : message.bytes) > room)
        return
      if (!message.seq) {
        // One message may always go, so that one as large as the window does not wait forever. One handler that never
        // finishes must not make both sides remember everything that was handled after it.
        const fits =
          !inFlight.size || (inFlight.size < messagesMax && inFlightBytes + message.bytes <= bytesMax)
        if (!message.fin && (!fits || last + 1 - base() >= sequenceSpanMax)) return
        queue.delete(message)
        message.seq = ++last
        inFlight.set(last, message)
        inFlightBytes += message.bytes
      }
      cursor = message.seq + 1
      begun = true
      return message
    },

    /** The session is over: everything that is left, in order. */
    drain(): ClientMessage<Tag>[] {
      const rest = [...inFlight.values(), ...queue].filter(({ fin }) => !fin)
      inFlight.clear()
      queue.clear()
      bytes = 0
      return rest
    },
  }
  return outbox
}

/** What a `fin` with the longest reason takes in a frame. */
const finBytesMax = 512
