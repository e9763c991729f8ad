import type { CloseCodeName } from '../../src/codes.ts'
import { decodeFrame } from '../../src/decode.ts'
import type { AckEnvelope, Envelope, Frame } from '../../src/envelope.ts'
import { defaults, limits } from '../../src/limits.ts'
import { PeerFault } from '../../src/peer-fault.ts'
import type { Side } from '../conversation.ts'

/** What must become of a frame: it is taken, its link ends for a fault, or the session ends. */
export type Verdict = 'taken' | 'ended' | CloseCodeName

/** What the session under test is known to have sent, and to keep. */
export interface Facts {
  highestSent: number
  /** Messages given out and not handled. */
  pending: number
}

/**
 * Says by the words of `PROTOCOL.md` alone what must become of each frame of a peer: written apart from the machine,
 * with nothing of its own but the few numbers that the rules speak of.
 */
export class Oracle {
  readonly #side: Side
  readonly #frameBytesMax: number
  readonly #sid: string
  /** The highest number received, the last one on this link, and that of the peer's fin. */
  #got = 0
  #lastOnLink = 0
  #fin = Number.POSITIVE_INFINITY
  #attached = false
  #link = 0
  readonly #acked = new Set<number>()

  constructor(side: Side, sid: string, maxBytes: number) {
    this.#side = side
    this.#sid = sid
    this.#frameBytesMax = maxBytes + limits.frameOverheadBytes
  }

  /** A client begins a link. */
  begins(): void {
    this.#lastOnLink = 0
    this.#attached = false
  }

  /** A server is greeted. `superseded`: that link is closed, and the one before goes on. */
  greeted(hello: { link: number; got: number }, facts: Facts): Verdict {
    if (hello.link <= this.#link) return 'superseded'
    this.#link = hello.link
    this.begins()
    this.#attached = true
    //
    return hello.got > facts.highestSent ? 'ackInvalid' : 'taken'
  }

  hears(frame: Frame, bytes: number, facts: Facts): Verdict {
    let envelopes: Envelope[]
    try {
      envelopes = decodeFrame(frame, bytes, { frameBytesMax: this.#frameBytesMax }).envelopes
    } catch (fault) {
      if (fault instanceof PeerFault) return fault.code
      throw fault
    }
    const known = { ...facts }
    let messages = 0
    for (const envelope of envelopes) {
      //
      if (envelope.t === 'msg' && ++messages === 2 && bytes > limits.batchBytesMax) return 'frameTooLarge'
      const verdict = this.#judge(envelope, known)
      if (verdict !== 'taken') return verdict
    }
    return 'taken'
  }

  #judge(envelope: Envelope, facts: Facts): Verdict {
    const { t } = envelope
    //
    if (!this.#attached && t !== 'welcome' && t !== 'reset') return 'envelopeUnexpected'
    switch (t) {
      case 'msg':
      case 'fin':
        return this.#sequenced(t, envelope.seq, facts)
      case 'ack':
        return this.#acknowledged(envelope, facts)
      case 'welcome': {
        //
        if (this.#side === 'server' || this.#attached || envelope.sid !== this.#sid)
          return 'envelopeUnexpected'
        if (envelope.got > facts.highestSent || envelope.got < this.#ackedThroughout()) return 'ackInvalid'
        this.#attached = true
        return 'taken'
      }
      //
      case 'hello':
        return 'envelopeUnexpected'
      case 'away':
        return this.#side === 'server' ? 'envelopeUnexpected' : 'taken'
      case 'reset':
        return 'ended'
      default:
        return 'taken'
    }
  }

  #sequenced(t: 'msg' | 'fin', seq: number, facts: Facts): Verdict {
    //
    if (seq <= this.#lastOnLink) return 'sequenceRepeated'
    if (seq > this.#got + 1) return 'sequenceGap'
    if (seq <= this.#got) {
      this.#lastOnLink = seq
      return 'taken'
    }
    //
    if (seq > this.#fin) return 'envelopeUnexpected'
    this.#lastOnLink = seq
    this.#got = seq
    if (t === 'fin') this.#fin = seq
    //
    else if (++facts.pending > defaults.windowMessages) return 'ended'
    return 'taken'
  }

  /** */
  #acknowledged({ n, also = [] }: AckEnvelope, facts: Facts): Verdict {
    const ranges = [[1, n] as const, ...also]
    if (ranges.some(([, to]) => to > facts.highestSent)) return 'ackInvalid'
    for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) this.#acked.add(seq)
    return 'taken'
  }

  #ackedThroughout(): number {
    let throughout = 0
    while (this.#acked.has(throughout + 1)) throughout++
    return throughout
  }
}
