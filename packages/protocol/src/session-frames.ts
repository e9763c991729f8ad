import type { AttachedLink } from './attached-link.ts'
import { asResetCode, closeCodes, isRefusal } from './codes.ts'
import { inMs, never } from './deadlines.ts'
import { decodeFrame } from './decode.ts'
import { encodeEnvelope } from './encode.ts'
import type {
  AwayEnvelope,
  DecodedFrame,
  Envelope,
  Frame,
  HelloEnvelope,
  MsgEnvelope,
  ResetEnvelope,
  WelcomeEnvelope,
} from './envelope.ts'
import type { FrameCharge } from './inbox.ts'
import { keepaliveOf } from './keepalive.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'
import { SessionEnding } from './session-ending.ts'
import { SessionFaults } from './session-faults.ts'
import type { LinkId } from './session-io.ts'
import type { SessionLinks } from './session-links.ts'
import type { SessionParts } from './session-parts.ts'
import { tooLargeWords } from './too-large.ts'

/** What each envelope of the peer sets going. The machine is one, so that it takes one object less. */
export class SessionFrames<Tag> {
  protected readonly parts: SessionParts<Tag>
  protected readonly links: SessionLinks<Tag>
  #ending: SessionEnding<Tag> | undefined

  constructor(parts: SessionParts<Tag>, links: SessionLinks<Tag>) {
    this.parts = parts
    this.links = links
  }

  /** Made when something of the end is to be known: an idle session has none. */
  protected get ending(): SessionEnding<Tag> {
    this.#ending ??= new SessionEnding(this.parts, this.links)
    return this.#ending
  }

  /** The same where it has begun: there is none before the peer's `fin`, or ours, or an end. */
  protected get endingBegun(): SessionEnding<Tag> | undefined {
    return this.#ending
  }

  /** True if nobody needs anything of the session any more. */
  protected get released(): boolean {
    return this.#ending?.released === true
  }

  /** After each step: is everything that both sides sent handled? Mostly the peer has not said its last. */
  protected settle(now: number): void {
    if (this.parts.ended || this.parts.inbox.finished) this.ending.settle(now)
  }

  /** Server: a link has said `hello`. */
  protected accept(id: LinkId, hello: HelloEnvelope, now: number): void {
    if (this.parts.config.role !== 'server' || this.released) return
    const resumed = this.parts.welcomed
    const link = this.links.accept(id, hello)
    if (link === undefined) return
    const { outbox } = this.parts
    try {
      // It may have been written while an older link was in use, on which more was acknowledged. What a session that is
      // over has sent is forgotten: nothing can be judged by it.
      if (!this.parts.ended) outbox.peerReceived(Math.max(hello.got, outbox.acked))
    } catch (fault) {
      return this.#onThrown(link, fault, now)
    }
    this.links.welcome(resumed, now)
    this.#onAttached(link, resumed)
    // A `welcome` may never arrive: only an answer says that the session goes on.
    if (resumed && !this.parts.ended) link.proof = keepaliveOf(this.parts).ping(now)
  }

  protected onFrame(id: LinkId, frame: Frame, bytes: number, now: number): void {
    const link = this.links.withId(id)
    if (link === undefined) return
    let decoded: DecodedFrame
    try {
      decoded = decodeFrame(frame, bytes, {
        frameBytesMax: this.parts.config.maxBytes + limits.frameOverheadBytes,
      })
    } catch (fault) {
      return this.#onThrown(link, fault, now)
    }
    this.onDecoded(id, decoded, bytes, now)
  }

  /** What came in the same frame as `hello`, or in any other. */
  protected onDecoded(id: LinkId, decoded: DecodedFrame, bytes: number, now: number): void {
    const link = this.links.withId(id)
    if (link === undefined) return
    this.parts.counters.frameCame(bytes)
    if (link.attached) {
      this.parts.deadlines.ping = inMs(this.parts.keepaliveMs, now)
      this.parts.deadlines.dead = never
    }
    const charge = this.parts.inbox.openFrame(bytes)
    let messages = 0
    try {
      for (const envelope of decoded.envelopes) {
        if (envelope.t === 'msg' && ++messages === 2 && bytes > limits.batchBytesMax) {
          throw new PeerFault('frameTooLarge', `several messages in a frame of ${bytes} bytes`)
        }
        this.#onEnvelope(envelope, decoded.payload, charge, link, now)
        if (this.links.withId(id) === undefined) return
      }
    } catch (fault) {
      return this.#onThrown(link, fault, now)
    }
    this.settle(now)
  }

  #onEnvelope(
    envelope: Envelope,
    payload: Uint8Array | undefined,
    charge: FrameCharge,
    link: AttachedLink,
    now: number,
  ): void {
    if (!link.attached && envelope.t !== 'welcome' && envelope.t !== 'reset') {
      throw new PeerFault('envelopeUnexpected', `${envelope.t} came before welcome`)
    }
    const { filler, inbox, outbox } = this.parts
    switch (envelope.t) {
      case 'msg':
        return this.#onMsg(envelope, payload, charge)
      case 'ack': {
        const messages = outbox.acknowledge(envelope)
        if (messages.length === 0) return
        this.parts.faultsInARow = 0
        this.parts.counters.handledByPeer(messages.length)
        this.#ending?.onHandled(messages)
        return this.parts.emit({ type: 'handled', messages })
      }
      case 'fin':
        if (inbox.receiveFin(envelope)) {
          this.ending.onPeerFin()
          this.parts.emit({ type: 'peer-fin', code: envelope.code, reason: envelope.reason })
        }
        return
      case 'welcome':
        return this.#onWelcome(envelope, link, now)
      case 'cancel':
        return this.parts.emit({ type: 'cancel', re: envelope.re })
      case 'note':
        return this.parts.emit({ type: 'note', envelope, payload })
      case 'ping':
        return filler.setPong(encodeEnvelope({ t: 'pong', k: envelope.k }))
      case 'pong':
        return keepaliveOf(this.parts).onPong(envelope.k, link, now)
      case 'away':
        if (this.parts.config.role === 'server')
          throw new PeerFault('envelopeUnexpected', 'away came from a client')
        return this.#onAwayEnvelope(envelope)
      case 'reset': {
        if (link === this.links.next) return this.#onMoveRefused(link, envelope)
        // What went behind this `hello`, and on no link before, has had no effect. A `hello` in an upgrade request may
        // have been repeated on its way, and let in where it arrived first.
        const onlyHere = !link.attached && link.helloAt !== undefined
        if (onlyHere && isRefusal(envelope.code, envelope.got)) outbox.unleave()
        outbox.peerSaysItHas(envelope.got ?? 0)
        return this.ending.end(asResetCode(envelope.code), envelope.reason ?? '', 'peer', now)
      }
      case 'hello':
        throw new PeerFault('envelopeUnexpected', 'a second hello on one link')
      default:
        return unreachable(envelope)
    }
  }

  #onMsg(envelope: MsgEnvelope, payload: Uint8Array | undefined, charge: FrameCharge): void {
    const { inbox } = this.parts
    const isNew = inbox.receive(envelope, charge)
    this.parts.counters.messagesCame(isNew ? 1 : 0, isNew ? 0 : 1)
    if (!isNew || this.parts.ended) return
    const redelivered = envelope.again === true || inbox.begunBefore(envelope.seq)
    this.parts.emit({ type: 'message', envelope, payload, redelivered })
    const fin = inbox.takeFinReached()
    if (fin !== undefined) this.parts.emit({ type: 'peer-fin', code: fin.code, reason: fin.reason })
  }

  #onWelcome(welcome: WelcomeEnvelope, link: AttachedLink, now: number): void {
    const { config, outbox } = this.parts
    if (config.role === 'server' || link.attached) {
      throw new PeerFault('envelopeUnexpected', 'a welcome that nobody waits for')
    }
    if (welcome.sid !== config.sid) throw new PeerFault('envelopeUnexpected', 'welcome to another session')
    this.links.promote(link)
    outbox.peerReceived(welcome.got)
    this.links.onWelcome(welcome, link, now)
    if (link.helloAt !== undefined) this.parts.counters.answered(now - link.helloAt, true)
    this.#onAttached(link, welcome.resumed)
  }

  #onAwayEnvelope({ after, reason, location }: AwayEnvelope): void {
    this.parts.emit({ type: 'away', after, reason, location })
  }

  /** Where the client wants to move it is not let in: the session stays where it is, as long as that goes. */
  #onMoveRefused(link: AttachedLink, { code, reason = '' }: ResetEnvelope): void {
    this.links.close(link, closeCodes.normal, '')
    this.parts.emit({ type: 'move-refused', link: link.id, code: asResetCode(code), reason })
  }

  #onAttached(link: AttachedLink, resumed: boolean): void {
    if (this.parts.ended) return this.ending.sayLastWord(link)
    this.parts.counters.attached()
    this.#dropTooLarge()
    this.parts.emit({ type: 'attached', link: link.id, resumed })
  }

  #onThrown(link: AttachedLink, fault: unknown, now: number): void {
    new SessionFaults(this.parts, this.links, this.ending).onThrown(link, fault, now)
  }

  #dropTooLarge(): void {
    const { outbox } = this.parts
    const dropped = outbox.dropTooLarge().map((message) => ({ message, fate: 'not-sent' as const }))
    this.parts.fail(dropped, tooLargeWords(outbox.maxBytes), true)
  }
}

function unreachable(value: never): never {
  throw new TypeError(`not an envelope: ${JSON.stringify(value)}`)
}
