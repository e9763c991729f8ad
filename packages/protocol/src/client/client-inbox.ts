import type { AckEnvelope, FinEnvelope, MsgEnvelope, SeqRange, Window } from '../envelope.ts'
import { ackRangesMax, sequenceSpanMax, windowBytes, windowMessages } from './bounds.ts'
import { envelopeUnexpected, sequenceGap, sequenceRepeated } from './close-codes.ts'

/** One direction as its receiver sees it: what has come, what of it is handled, what the server has been told of that. */
export function clientInbox(window: Window, maxBytes: number) {
  // A server may still be counting with the initial window.
  const messagesMax = Math.max(window.messages, windowMessages)
  const bytesMax = Math.max(window.bytes, windowBytes, maxBytes)
  /** What has come and is not handled: its id, and what its frame costs. */
  const pending = new Map<number, { id: string; charge: Charge }>()
  let pendingBytes = 0
  /** The highest number received. */
  let got = 0
  /** Everything up to this number is handled, and some above it. */
  let handled = 0
  const above = new Set<number>()
  let handledTotal = 0
  /** What of it has not been told on this link. */
  let untold: number[] = []
  let ackDue = false
  let toldUpTo = 0
  let lastOnLink = 0
  let fin = 0

  const markHandled = (seq: number): void => {
    ackDue = true
    above.add(seq)
    if (seq > handled + 1) untold.push(seq)
    while (above.delete(handled + 1)) handled++
  }

  return {
    got: () => got,
    handledTotal: () => handledTotal,
    /** True if there is something to acknowledge. */
    ackDue: () => ackDue,
    /** True if the server's `fin` and everything before it is handled. */
    finished: () => fin > 0 && handled >= fin,
    /** True if the server has been told on this link that everything received is handled. */
    allTold: () => toldUpTo === got && !ackDue,
    /** Ids of what was received and is not handled, in order. */
    pendingIds: () => [...pending.values()].map(({ id }) => id),

    /** A link begins: acknowledgements are said anew on it. */
    startLink(): void {
      lastOnLink = 0
      toldUpTo = 0
      ackDue = got > 0
      untold = [...above]
    },

    /**
     * Takes a message or `fin` in. False if it has been received before; `undefined` if the server has sent more than it
     * was allowed to, which ends the session.
     */
    receive(envelope: MsgEnvelope | FinEnvelope, charge: Charge): boolean | undefined {
      const { seq, t } = envelope
      if (seq <= lastOnLink) throw sequenceRepeated
      if (seq > got + 1) throw sequenceGap
      lastOnLink = seq
      if (seq <= got) {
        // What the new messages of a frame take is not known when it has old ones too: it goes free.
        if (t === 'msg') charge.bytes = 0
        return false
      }
      if (fin) throw envelopeUnexpected
      got = seq
      let span = sequenceSpanMax
      if (t === 'fin') {
        fin = seq
        // It may stand one above the span.
        span++
        markHandled(seq)
      } else {
        pending.set(seq, { id: envelope.id, charge })
        if (!charge.open) pendingBytes += charge.bytes
        charge.open = true
      }
      return (seq <= handled + span && pending.size <= messagesMax && pendingBytes <= bytesMax) || undefined
    },

    /** The application has finished with a message. False if that was said before. */
    handled(seq: number): boolean {
      const charge = pending.get(seq)?.charge
      if (!charge) return false
      pending.delete(seq)
      // The server does not say which share of a frame each of its messages has: all of it is released with the first.
      if (charge.open) pendingBytes -= charge.bytes
      charge.open = false
      handledTotal++
      markHandled(seq)
      return true
    },

    /** The acknowledgement to send now; ask again while it is due. */
    takeAck(): AckEnvelope {
      const also: SeqRange[] = []
      const later: number[] = []
      for (const seq of untold.sort((a, b) => a - b)) {
        const range = also[also.length - 1]
        if (seq <= handled) continue
        if (range?.[1] === seq - 1) range[1] = seq
        else if (also.length < ackRangesMax) also.push([seq, seq])
        else later.push(seq)
      }
      toldUpTo = handled
      untold = later
      ackDue = later.length > 0
      return also[0] ? { t: 'ack', n: handled, also } : { t: 'ack', n: handled }
    },
  }
}

/** What one frame costs in the window, from its first new message until the first of its messages is handled. */
export interface Charge {
  bytes: number
  /** True in that time. */
  open?: boolean
}
