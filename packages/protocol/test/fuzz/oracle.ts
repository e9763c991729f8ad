import type { CloseCodeName } from '../../src/codes.ts'
import { decodeFrame } from '../../src/decode.ts'
import type { AckEnvelope, Envelope, Frame } from '../../src/envelope.ts'
import { defaults, limits } from '../../src/limits.ts'
import { PeerFault } from '../../src/peer-fault.ts'
import type { Side } from '../conversation.ts'

/** What must become of a frame: it is taken, its link ends for a fault or because it is refused, or the session ends. */
export type Verdict = 'taken' | 'refused' | 'ended' | CloseCodeName

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
  /** The highest number received, and that of the peer's fin. */
  #got = 0
  #fin = Number.POSITIVE_INFINITY
  #link = 0
  /** The session's link, and the one to which a client is about to move. */
  #current: LinkState = { attached: false, last: 0 }
  #next: LinkState | undefined
  /** `welcome` has come on the next link, and the old one is not known to be closed yet. */
  #moved = false
  readonly #acked = new Set<number>()

  constructor(side: Side, sid: string, maxBytes: number) {
    this.#side = side
    this.#sid = sid
    this.#frameBytesMax = maxBytes + limits.frameOverheadBytes
  }

  /** A client begins a link; `next`: while it stays on another one. */
  begins(next: boolean): void {
    const link = { attached: false, last: 0 }
    if (next) this.#next = link
    else this.#current = link
  }

  /** The session's link is over: it goes on with the next one, if there is one. */
  moves(): void {
    if (this.#moved) {
      this.#moved = false
      return
    }
    this.#current = this.#next ?? { attached: false, last: 0 }
    this.#next = undefined
  }

  /** The next link is over. */
  stays(): void {
    this.#next = undefined
  }

  /** A server is greeted. `superseded`: that link is closed, and the one before goes on. */
  greeted(hello: { link: number; got: number }, facts: Facts): Verdict {
    if (hello.link <= this.#link) return 'superseded'
    this.#link = hello.link
    this.#current = { attached: true, last: 0 }
    //
    return hello.got > facts.highestSent ? 'ackInvalid' : 'taken'
  }

  /** `next`: it came on the link to which a client is about to move. */
  hears(frame: Frame, bytes: number, facts: Facts, next: boolean): Verdict {
    let envelopes: Envelope[]
    try {
      envelopes = decodeFrame(frame, bytes, { frameBytesMax: this.#frameBytesMax }).envelopes
    } catch (fault) {
      if (fault instanceof PeerFault) return fault.code
      throw fault
    }
    const known = { ...facts }
    const link = (next ? this.#next : undefined) ?? this.#current
    let messages = 0
    for (const envelope of envelopes) {
      //
      if (envelope.t === 'msg' && ++messages === 2 && bytes > limits.batchBytesMax) return 'frameTooLarge'
      const verdict = this.#judge(envelope, known, link)
      if (verdict !== 'taken') return verdict
    }
    return 'taken'
  }

  #judge(envelope: Envelope, facts: Facts, link: LinkState): Verdict {
    const { t } = envelope
    //
    if (!link.attached && t !== 'welcome' && t !== 'reset') return 'envelopeUnexpected'
    switch (t) {
      case 'msg':
      case 'fin':
        return this.#sequenced(t, envelope.seq, facts, link)
      case 'ack':
        return this.#acknowledged(envelope, facts)
      case 'welcome': {
        //
        if (this.#side === 'server' || link.attached || envelope.sid !== this.#sid)
          return 'envelopeUnexpected'
        if (envelope.got > facts.highestSent || envelope.got < this.#ackedThroughout()) return 'ackInvalid'
        link.attached = true
        // the session is on this link from here on; the old one is closed behind that.
        if (link === this.#next) {
          this.#current = link
          this.#next = undefined
          this.#moved = true
        }
        return 'taken'
      }
      //
      case 'hello':
        return 'envelopeUnexpected'
      case 'away':
        return this.#side === 'server' ? 'envelopeUnexpected' : 'taken'
      case 'reset':
        //
        return link === this.#next ? 'refused' : 'ended'
      default:
        return 'taken'
    }
  }

  #sequenced(t: 'msg' | 'fin', seq: number, facts: Facts, link: LinkState): Verdict {
    //
    if (seq <= link.last) return 'sequenceRepeated'
    if (seq > this.#got + 1) return 'sequenceGap'
    if (seq <= this.#got) {
      link.last = seq
      return 'taken'
    }
    //
    if (seq > this.#fin) return 'envelopeUnexpected'
    link.last = seq
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

interface LinkState {
  /** `welcome` has been said on it. */
  attached: boolean
  /** The last number that came on it. */
  last: number
}
