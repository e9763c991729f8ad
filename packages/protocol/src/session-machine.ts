import type { AttachedLink } from './attached-link.ts'
import { accusation, asResetCode, closeCodes, isRefusal } from './codes.ts'
import type { Counters } from './counters.ts'
import { never } from './deadlines.ts'
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
import type { Fate } from './errors.ts'
import { type FrameCharge, WindowExceeded } from './inbox.ts'
import type { JournaledMessage, JournalSnapshot, JournalWrite } from './journal.ts'
import { limits } from './limits.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { PeerFault } from './peer-fault.ts'
import { clip, SessionEnding } from './session-ending.ts'
import type { LinkId, SessionConfig, SessionInput, SessionOutput } from './session-io.ts'
import { SessionJournaling } from './session-journaling.ts'
import { SessionLinks } from './session-links.ts'
import { SessionParts } from './session-parts.ts'

/**
 * A session, as one state machine for both roles, without I/O: inputs and the time go in by `handle`, frames come out
 * of `pollFrame`, everything else out of `takeOutputs`. `now` never decreases.
 *
 * What a driver does after each input: carry out the outputs, hand polled frames to the link while it is writable,
 * and come back with a `timeout` input at `nextTimeout()`.
 *
 * What happens to links stands in `SessionLinks`, how it ends in `SessionEnding`; here is what each input, and each
 * envelope, sets going.
 */
export class SessionMachine<Tag = unknown> {
  readonly #parts: SessionParts<Tag>
  readonly #links: SessionLinks<Tag>
  readonly #ending: SessionEnding<Tag>
  readonly #journaling: SessionJournaling<Tag>
  #pingCount = 0
  /** When the latest ping was sent that is not answered. */
  #pingAt: number | undefined

  constructor(config: SessionConfig) {
    this.#parts = new SessionParts(config)
    this.#links = new SessionLinks(this.#parts)
    this.#ending = new SessionEnding(this.#parts, this.#links)
    this.#journaling = new SessionJournaling(this.#parts, this.#links, this.#ending)
  }

  /**
   * A session that goes on where its journal's last write left off, with the same sid, key and role. Its messages get
   * their tags from `tagOf`; they may have left before, so that none of them can be taken back.
   */
  static restore<Tag>(
    config: SessionConfig,
    snapshot: JournalSnapshot,
    tagOf: (message: JournaledMessage) => Tag,
    now: number,
  ): SessionMachine<Tag> {
    const machine = new SessionMachine<Tag>(config)
    machine.#journaling.restore(snapshot, tagOf, now)
    return machine
  }

  get sid(): string {
    return this.#parts.config.sid
  }

  get ended(): boolean {
    return this.#parts.ended
  }

  get attached(): boolean {
    return this.#links.attached
  }

  /** Client: true if a link should be opened: the session goes on, or its last acknowledgement must be said again. */
  get wantsLink(): boolean {
    if (this.#parts.config.role !== 'client' || this.#links.current !== undefined) return false
    return this.#ending.wantsLink
  }

  /** True once a `welcome` has been received (client) or a `hello` accepted (server). */
  get welcomed(): boolean {
    return this.#parts.welcomed
  }

  /** The highest sequence number received. */
  get got(): number {
    return this.#parts.inbox.got
  }

  /** Bytes of messages retained: queued and in flight. */
  get retainedBytes(): number {
    return this.#parts.outbox.bytes
  }

  get inFlightCount(): number {
    return this.#parts.outbox.inFlightCount
  }

  get inFlightBytes(): number {
    return this.#parts.outbox.inFlightBytes
  }

  get queuedCount(): number {
    return this.#parts.outbox.queuedCount
  }

  /** What the session has done so far. To be read only. */
  get counters(): Counters {
    return this.#parts.counters
  }

  /** How far a message of this side is known to have come, while it is not handled. */
  fateOf(message: OutgoingMessage<Tag>): Fate {
    return this.#parts.outbox.fateOf(message)
  }

  /** When to come back with a `timeout` input; `Infinity` for never. It may change with every input. */
  nextTimeout(): number {
    return this.#parts.deadlines.next()
  }

  /** What has come out since the last call, in order. */
  takeOutputs(): SessionOutput<Tag>[] {
    return this.#parts.takeOutputs()
  }

  /**
   * What the journal is to hold, or nothing: nothing has changed since the last write, or that is not confirmed yet by
   * a `journaled` input. Ask after each input, and after polling frames.
   */
  takeJournalWrite(): JournalWrite | undefined {
    return this.#journaling.take()
  }

  /**
   * The next frame for the current link, or nothing. `strictBytes`: never longer than this, if only `hello` permits
   * it; otherwise frames keep to the protocol's limits.
   */
  pollFrame(strictBytes?: number): Frame | undefined {
    const link = this.#links.current
    if (link === undefined || !this.#links.mayLeave) return undefined
    return this.#parts.filler.fill(link, strictBytes)
  }

  /** Client: the same for a link that was started, whether it is the current one or, while that is attached, the next. */
  pollFrameOf(link: LinkId, strictBytes?: number): Frame | undefined {
    if (link === this.#links.current?.id) return this.pollFrame(strictBytes)
    if (link !== this.#links.next?.id || !this.#links.mayLeave) return undefined
    return this.#links.takeNextHello()
  }

  handle(input: SessionInput<Tag>, now: number): void {
    const { filler, inbox, outbox } = this.#parts
    switch (input.type) {
      case 'frame':
        return this.#onFrame(input.link, input.frame, input.bytes, now)
      case 'decoded':
        return this.#onDecoded(input.link, input.decoded, input.bytes, now)
      case 'send':
        return this.#onSend(input.message)
      case 'handled':
        if (inbox.handled(input.seq)) {
          this.#parts.faultsInARow = 0
          this.counters.countReceived('handled', 1)
        }
        return this.#ending.settle(now)
      case 'note':
        if (this.attached) filler.addNote(input.text, input.payload)
        return
      case 'cancel':
        if (this.attached) filler.addControl(encodeEnvelope({ t: 'cancel', re: input.re }))
        return
      case 'drop':
        if (outbox.drop(input.message)) {
          this.#parts.fail([{ message: input.message, fate: 'not-sent' }], 'taken back')
        }
        return
      case 'link-start':
        if (this.#parts.config.role === 'client' && !this.#ending.released) {
          this.#links.start(input.link, input.auth)
        }
        return
      case 'link-open': {
        const link = this.#links.withId(input.link)
        if (link?.attached === false) {
          this.#parts.deadlines.welcome = now + this.#parts.config.welcomeTimeoutMs
          if (input.early === false) link.helloAt = now
        }
        return
      }
      case 'link-accept':
        return this.#onLinkAccept(input.link, input.hello, now)
      case 'link-end':
        return this.#onLinkEnd(input, now)
      case 'close':
        return this.#ending.begin(input.timeoutMs, now)
      case 'fin':
        return this.#onFinInput(input.code, input.reason, now)
      case 'abort':
        return this.#ending.end(input.code, input.reason, 'local', now)
      case 'let-go':
        return this.#ending.letGo(input.code, input.reason, input.silent, now)
      case 'away':
        return this.#onAway(input)
      case 'journaled':
        this.#journaling.confirm(input.write)
        return this.#ending.settle(now)
      case 'timeout':
        return this.#onTimeout(now)
      default:
        return unreachable(input)
    }
  }

  // Links

  #onLinkAccept(id: LinkId, hello: HelloEnvelope, now: number): void {
    if (this.#parts.config.role !== 'server' || this.#ending.released) return
    const resumed = this.#parts.welcomed
    const link = this.#links.accept(id, hello)
    if (link === undefined) return
    const { outbox } = this.#parts
    try {
      // It may have been written while an older link was in use, on which more was acknowledged. What a session that is
      // over has sent is forgotten: nothing can be judged by it.
      if (!this.ended) outbox.peerReceived(Math.max(hello.got, outbox.acked))
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#links.welcome(resumed, now)
    this.#onAttached(link, resumed)
    // A `welcome` may never arrive: only an answer says that the session goes on.
    if (resumed && !this.ended) link.proof = this.#ping(now)
  }

  #onAttached(link: AttachedLink, resumed: boolean): void {
    if (this.#parts.ended) return this.#ending.sayLastWord(link)
    this.counters.attached()
    this.#dropTooLarge()
    this.#parts.emit({ type: 'attached', link: link.id, resumed })
  }

  #onLinkEnd(end: Extract<SessionInput<Tag>, { type: 'link-end' }>, now: number): void {
    if (this.#ending.onLinkEnd(end, now)) return
    const link = this.#links.withId(end.link)
    if (link === undefined) return
    if (link === this.#links.next) return this.#links.detach(link)
    if (end.neverLeft) {
      this.#parts.outbox.unleave()
      this.counters.neverLeft(this.#parts.outbox.last)
    }
    const superseded = end.code === closeCodes.superseded && this.#parts.config.role === 'client'
    if (superseded && !this.#links.gaveWay(link)) {
      this.#links.detach(link)
      return this.#ending.end('superseded', 'another holder of the key has taken the session', 'peer', now)
    }
    this.#links.lose(link, end.code, end.reason, now)
    const accused = superseded ? undefined : accusation(end.code)
    if (accused !== undefined && !this.ended) {
      const message = end.reason || 'the peer gave no reason'
      this.#parts.emit({ type: 'fault', by: 'local', code: accused, message })
      this.#countFault(end.reason, now)
    }
  }

  // Frames

  #onFrame(id: LinkId, frame: Frame, bytes: number, now: number): void {
    const link = this.#links.withId(id)
    if (link === undefined) return
    let decoded: DecodedFrame
    try {
      decoded = decodeFrame(frame, bytes, {
        frameBytesMax: this.#parts.config.maxBytes + limits.frameOverheadBytes,
      })
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#onDecoded(id, decoded, bytes, now)
  }

  #onDecoded(id: LinkId, decoded: DecodedFrame, bytes: number, now: number): void {
    const link = this.#links.withId(id)
    if (link === undefined) return
    this.counters.countReceived('frames', 1)
    this.counters.countReceived('bytes', bytes)
    if (link.attached) {
      this.#parts.deadlines.ping = now + this.#parts.keepaliveMs
      this.#parts.deadlines.dead = never
    }
    const charge = this.#parts.inbox.openFrame(bytes)
    let messages = 0
    try {
      for (const envelope of decoded.envelopes) {
        if (envelope.t === 'msg' && ++messages === 2 && bytes > limits.batchBytesMax) {
          throw new PeerFault('frameTooLarge', `several messages in a frame of ${bytes} bytes`)
        }
        this.#onEnvelope(envelope, decoded.payload, charge, link, now)
        if (this.#links.withId(id) === undefined) return
      }
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#ending.settle(now)
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
    const { filler, inbox, outbox } = this.#parts
    switch (envelope.t) {
      case 'msg':
        return this.#onMsg(envelope, payload, charge)
      case 'ack': {
        const messages = outbox.acknowledge(envelope)
        if (messages.length === 0) return
        this.#parts.faultsInARow = 0
        this.counters.countSent('handled', messages.length)
        this.#ending.onHandled(messages)
        return this.#parts.emit({ type: 'handled', messages })
      }
      case 'fin':
        if (inbox.receiveFin(envelope)) {
          this.#parts.emit({ type: 'peer-fin', code: envelope.code, reason: envelope.reason })
        }
        return
      case 'welcome':
        return this.#onWelcome(envelope, link, now)
      case 'cancel':
        return this.#parts.emit({ type: 'cancel', re: envelope.re })
      case 'note':
        return this.#parts.emit({ type: 'note', envelope, payload })
      case 'ping':
        return filler.setPong(encodeEnvelope({ t: 'pong', k: envelope.k }))
      case 'pong':
        return this.#onPong(envelope.k, link, now)
      case 'away':
        if (this.#parts.config.role === 'server')
          throw new PeerFault('envelopeUnexpected', 'away came from a client')
        return this.#onAwayEnvelope(envelope)
      case 'reset': {
        if (link === this.#links.next) return this.#onMoveRefused(link, envelope)
        // What went behind this `hello`, and on no link before, has had no effect. A `hello` in an upgrade request may
        // have been repeated on its way, and let in where it arrived first.
        const onlyHere = !link.attached && link.helloAt !== undefined
        if (onlyHere && isRefusal(envelope.code, envelope.got)) outbox.unleave()
        outbox.peerSaysItHas(envelope.got ?? 0)
        return this.#ending.end(asResetCode(envelope.code), envelope.reason ?? '', 'peer', now)
      }
      case 'hello':
        throw new PeerFault('envelopeUnexpected', 'a second hello on one link')
      default:
        return unreachable(envelope)
    }
  }

  #onMsg(envelope: MsgEnvelope, payload: Uint8Array | undefined, charge: FrameCharge): void {
    const { inbox } = this.#parts
    const isNew = inbox.receive(envelope, charge)
    this.counters.countReceived(isNew ? 'messages' : 'duplicates', 1)
    if (!isNew || this.ended) return
    const redelivered = envelope.again === true || inbox.begunBefore(envelope.seq)
    this.#parts.emit({ type: 'message', envelope, payload, redelivered })
    const fin = inbox.takeFinReached()
    if (fin !== undefined) this.#parts.emit({ type: 'peer-fin', code: fin.code, reason: fin.reason })
  }

  #onPong(k: number, link: AttachedLink, now: number): void {
    if (k === this.#pingCount && this.#pingAt !== undefined) {
      this.counters.answered(now - this.#pingAt, false)
      this.#pingAt = undefined
    }
    if (link.proof === undefined || k < link.proof) return
    link.proof = undefined
    this.#parts.emit({ type: 'recovered', link: link.id })
  }

  #onWelcome(welcome: WelcomeEnvelope, link: AttachedLink, now: number): void {
    const { config, outbox } = this.#parts
    if (config.role === 'server' || link.attached) {
      throw new PeerFault('envelopeUnexpected', 'a welcome that nobody waits for')
    }
    if (welcome.sid !== config.sid) throw new PeerFault('envelopeUnexpected', 'welcome to another session')
    this.#links.promote(link)
    outbox.peerReceived(welcome.got)
    this.#links.onWelcome(welcome, link, now)
    if (link.helloAt !== undefined) this.counters.answered(now - link.helloAt, true)
    this.#onAttached(link, welcome.resumed)
  }

  #onAwayEnvelope({ after, reason, location }: AwayEnvelope): void {
    this.#parts.emit({ type: 'away', after, reason, location })
  }

  /** Where the client wants to move it is not let in: the session stays where it is, as long as that goes. */
  #onMoveRefused(link: AttachedLink, { code, reason = '' }: ResetEnvelope): void {
    this.#links.close(link, closeCodes.normal, '')
    this.#parts.emit({ type: 'move-refused', link: link.id, code: asResetCode(code), reason })
  }

  // Faults

  #onFault(link: AttachedLink, fault: unknown, now: number): void {
    if (fault instanceof WindowExceeded) {
      return this.#ending.end('window-exceeded', fault.message, 'local', now)
    }
    if (!(fault instanceof PeerFault)) throw fault
    this.#links.close(link, closeCodes[fault.code], fault.message)
    this.#links.lose(link, closeCodes[fault.code], fault.message, now)
    if (this.ended) return
    this.#parts.emit({ type: 'fault', by: 'peer', code: fault.code, message: fault.message })
    this.#countFault(fault.message, now)
  }

  #countFault(why: string, now: number): void {
    this.#parts.faultsInARow++
    if (this.#parts.faultsInARow >= limits.faultsInARowMax) {
      this.#ending.end('protocol-fault', why, 'local', now)
    }
  }

  // The application

  #onSend(message: OutgoingMessage<Tag>): void {
    const { outbox } = this.#parts
    if (this.ended || outbox.finRequested) {
      message.state = 'settled'
      return this.#parts.fail([{ message, fate: 'not-sent' }], 'the session takes no more messages')
    }
    if (message.bytes > outbox.maxBytes) {
      message.state = 'settled'
      return this.#parts.fail([{ message, fate: 'not-sent' }], tooLargeWords(outbox.maxBytes), true)
    }
    outbox.push(message)
  }

  #onFinInput(code: number | undefined, reason: string | undefined, now: number): void {
    const { config, outbox } = this.#parts
    if (this.ended) return
    const unheardOf = config.role === 'client' && this.#links.count === 0 && outbox.untouched
    outbox.requestFin(code, reason === undefined ? undefined : clip(reason))
    if (unheardOf) this.#ending.finishUnheardOf(now)
  }

  #onAway({ after, reason, location }: Extract<SessionInput<Tag>, { type: 'away' }>): void {
    if (this.#parts.config.role !== 'server' || !this.attached) return
    const away: AwayEnvelope = { t: 'away', after }
    if (reason !== undefined) away.reason = clip(reason)
    if (location !== undefined) away.location = location
    this.#parts.filler.addControl(encodeEnvelope(away))
  }

  #dropTooLarge(): void {
    const { outbox } = this.#parts
    const dropped = outbox.dropTooLarge().map((message) => ({ message, fate: 'not-sent' as const }))
    this.#parts.fail(dropped, tooLargeWords(outbox.maxBytes), true)
  }

  // Time

  #onTimeout(now: number): void {
    const due = this.#parts.deadlines
    const link = this.#links.current
    if (now >= due.release) return this.#ending.onReleaseDue(now)
    if (now >= due.closing) return this.#ending.end('close-timeout', 'closing took too long', 'local', now)
    if (now >= due.expiry) {
      return this.#ending.end('expired', `no link for ${this.#parts.ttlMs} ms`, 'local', now)
    }
    if (link === undefined) return
    if (now >= due.welcome) {
      this.#giveUp(this.#links.next ?? link, closeCodes.helloTimeout, 'no welcome came', now)
    } else if (now >= due.dead) {
      this.#giveUp(link, closeCodes.keepaliveTimeout, 'a ping was not answered', now)
    } else if (now >= due.ping) {
      due.ping = never
      due.dead = now + this.#parts.keepaliveMs
      this.#ping(now)
    }
  }

  /** Asks for a `pong`; returns its number. */
  #ping(now: number): number {
    this.#pingAt = now
    this.#parts.filler.addControl(encodeEnvelope({ t: 'ping', k: ++this.#pingCount }))
    return this.#pingCount
  }

  #giveUp(link: AttachedLink, code: number, reason: string, now: number): void {
    this.#links.close(link, code, reason)
    this.#links.lose(link, code, reason, now)
  }
}

function tooLargeWords(maxBytes: number): string {
  return `it is larger than the ${maxBytes} bytes that the peer takes`
}

function unreachable(value: never): never {
  throw new TypeError(`not a session input or envelope: ${JSON.stringify(value)}`)
}
