import type { AttachedLink } from './attached-link.ts'
import { accusation, asResetCode, closeCodes, type ResetCode } from './codes.ts'
import { Deadlines, never } from './deadlines.ts'
import { decodeFrame } from './decode.ts'
import { encodeEnvelope } from './encode.ts'
import type {
  DecodedFrame,
  Envelope,
  FinEnvelope,
  Frame,
  HelloEnvelope,
  Json,
  MsgEnvelope,
  WelcomeEnvelope,
} from './envelope.ts'
import type { Fate } from './errors.ts'
import { FrameFiller } from './frame-filler.ts'
import { composeHello, composeWelcome } from './greeting.ts'
import { type FrameCharge, Inbox, WindowExceeded } from './inbox.ts'
import { defaults, limits } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { PeerFault } from './peer-fault.ts'
import type { CloseReport } from './report.ts'
import type { LinkId, SessionConfig, SessionInput, SessionOutput } from './session-io.ts'

/**
 * A session, as one state machine for both roles, without I/O: inputs and the time go in by `handle`, frames come out
 * of `pollFrame`, everything else out of `takeOutputs`. `now` never decreases.
 *
 * What a driver does after each input: carry out the outputs, hand polled frames to the link while it is writable,
 * and come back with a `timeout` input at `nextTimeout()`.
 */
export class SessionMachine<Tag = unknown> {
  readonly #config: SessionConfig
  readonly #deadlines = new Deadlines()
  readonly #inbox: Inbox
  readonly #outbox: Outbox<Tag>
  readonly #filler: FrameFiller<Tag>
  #outputs: SessionOutput<Tag>[] = []

  #phase: 'open' | 'closing' | 'ended' = 'open'
  #welcomed = false
  #link: AttachedLink | undefined
  /** The number of the latest link, as `hello` counts them. */
  #linkCount = 0
  #ttlMs: number
  #keepaliveMs: number
  #faultsInARow = 0
  #pingCount = 0
  /** Ids acknowledged since this side began to close, for the report; `undefined` before. A side that only listens to the end may go on sending for long. */
  #handledWhileClosing: string[] | undefined
  #report: CloseReport | undefined
  /** The link on which the last word was said; how it ends tells whether the peer has heard it. */
  #finalLink: LinkId | undefined
  #released = false

  constructor(config: SessionConfig) {
    this.#config = config
    this.#ttlMs = config.ttlMs
    this.#keepaliveMs = config.keepaliveMs
    this.#inbox = new Inbox(config.window, initialWindow, config.maxBytes)
    // How large a message the peer takes is known with its greeting; the filler holds larger ones back until then.
    this.#outbox = new Outbox<Tag>(initialWindow, Number.POSITIVE_INFINITY)
    this.#filler = new FrameFiller(this.#outbox, this.#inbox)
  }

  get sid(): string {
    return this.#config.sid
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  get attached(): boolean {
    return this.#link?.attached === true
  }

  /** Client: true if a link should be opened: the session goes on, or its last acknowledgement must be said again. */
  get wantsLink(): boolean {
    if (this.#config.role !== 'client' || this.#link !== undefined || this.#released) return false
    return this.#phase !== 'ended' || this.#finalLink === undefined
  }

  /** True once a `welcome` has been received (client) or a `hello` accepted (server). */
  get welcomed(): boolean {
    return this.#welcomed
  }

  /** Bytes of messages retained: queued and in flight. */
  get retainedBytes(): number {
    return this.#outbox.bytes
  }

  get inFlightCount(): number {
    return this.#outbox.inFlightCount
  }

  /** How far a message of this side is known to have come, while it is not handled. */
  fateOf(message: OutgoingMessage<Tag>): Fate {
    return this.#outbox.fateOf(message)
  }

  /** When to come back with a `timeout` input; `Infinity` for never. It may change with every input. */
  nextTimeout(): number {
    return this.#deadlines.next()
  }

  /** What has come out since the last call, in order. */
  takeOutputs(): SessionOutput<Tag>[] {
    const outputs = this.#outputs
    if (outputs.length > 0) this.#outputs = []
    return outputs
  }

  /**
   * The next frame for the current link, or nothing. `strictBytes`: never longer than this, if only `hello` permits
   * it; otherwise frames keep to the protocol's limits.
   */
  pollFrame(strictBytes?: number): Frame | undefined {
    const link = this.#link
    return link === undefined ? undefined : this.#filler.fill(link, strictBytes)
  }

  handle(input: SessionInput<Tag>, now: number): void {
    switch (input.type) {
      case 'frame':
        return this.#onFrame(input.link, input.frame, input.bytes, now)
      case 'decoded':
        return this.#onDecoded(input.link, input.decoded, input.bytes, now)
      case 'send':
        return this.#onSend(input.message)
      case 'handled':
        if (this.#inbox.handled(input.seq)) this.#faultsInARow = 0
        return this.#settle(now)
      case 'note':
        if (this.#link?.attached) this.#filler.addNote(input.text, input.payload)
        return
      case 'cancel':
        if (this.#link?.attached) this.#filler.addControl(encodeEnvelope({ t: 'cancel', re: input.re }))
        return
      case 'drop':
        if (this.#outbox.drop(input.message))
          this.#fail([{ message: input.message, fate: 'not-sent' }], 'taken back')
        return
      case 'link-start':
        return this.#onLinkStart(input.link, input.auth)
      case 'link-open':
        if (this.#link?.id === input.link && !this.#link.attached) {
          this.#deadlines.welcome = now + this.#config.welcomeTimeoutMs
        }
        return
      case 'link-accept':
        return this.#onLinkAccept(input.link, input.hello, now)
      case 'link-end':
        return this.#onLinkEnd(input, now)
      case 'close':
        return this.#onClose(input.timeoutMs, now)
      case 'fin':
        return this.#onFinInput(input.code, input.reason, now)
      case 'abort':
        return this.#end(input.code, input.reason, 'local', now)
      case 'away':
        return this.#onAway(input.after, input.reason)
      case 'timeout':
        return this.#onTimeout(now)
      default:
        return unreachable(input)
    }
  }

  // Links

  #onLinkStart(id: LinkId, auth: Json | undefined): void {
    if (this.#config.role !== 'client' || this.#released) return
    if (this.#link !== undefined) this.#closeLink(this.#link, superseded.code, superseded.reason)
    this.#linkCount++
    this.#attach({ id, attached: false, streaming: !this.#welcomed, finAfterAll: false })
    const hello = composeHello(this.#config, this.#linkCount, !this.#welcomed, this.#inbox.got, auth)
    this.#filler.addControl(encodeEnvelope(hello))
  }

  #onLinkAccept(id: LinkId, hello: HelloEnvelope, now: number): void {
    if (this.#config.role !== 'server' || this.#released) return
    if (hello.link <= this.#linkCount) {
      this.#emit({ type: 'link-close', link: id, ...superseded, last: undefined })
      return
    }
    if (this.#link !== undefined) this.#closeLink(this.#link, superseded.code, superseded.reason)
    this.#linkCount = hello.link
    this.#deadlines.expiry = never
    const resumed = this.#welcomed
    this.#welcomed = true
    this.#outbox.window = hello.window
    this.#outbox.maxBytes = hello.maxBytes ?? defaults.maxBytes
    const link: AttachedLink = { id, attached: true, streaming: true, finAfterAll: false }
    this.#attach(link)
    try {
      this.#outbox.peerReceived(hello.got)
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#filler.addControl(encodeEnvelope(composeWelcome(this.#config, resumed, this.#inbox.got)))
    this.#deadlines.ping = now + this.#keepaliveMs
    if (this.#phase === 'ended') return this.#sayLastWord(link)
    this.#dropTooLarge()
    this.#emit({ type: 'attached', link: id, resumed })
  }

  #attach(link: AttachedLink): void {
    this.#link = link
    this.#inbox.startLink()
    this.#outbox.rewind()
    this.#filler.startLink()
  }

  /** The driver ends this link; whatever it still reports is not heard. */
  #closeLink(link: AttachedLink, code: number, reason: string, last?: Frame): void {
    this.#emit({ type: 'link-close', link: link.id, code, reason, last })
    if (this.#link === link) this.#detach()
  }

  #detach(): void {
    this.#link = undefined
    this.#deadlines.disarmLink()
    this.#filler.startLink()
  }

  #loseLink(link: AttachedLink, code: number, reason: string, now: number): void {
    if (this.#link === link) this.#detach()
    if (this.#phase === 'ended') return
    if (this.#config.role === 'server') this.#deadlines.expiry = now + this.#ttlMs
    if (link.attached) this.#emit({ type: 'detached', link: link.id, code, reason })
  }

  #onLinkEnd(end: Extract<SessionInput<Tag>, { type: 'link-end' }>, now: number): void {
    if (end.link === this.#finalLink) {
      this.#finalLink = undefined
      // Any other code is the peer's own reason to drop the link, and then it did not read to the end.
      const heard = end.code === closeCodes.normal || end.code === closeCodes.reset
      if (end.clean && heard) this.#releaseSoon(now)
      return
    }
    const link = this.#link
    if (link === undefined || link.id !== end.link) return
    if (end.neverLeft) this.#outbox.unleave()
    if (end.code === closeCodes.superseded && this.#config.role === 'client') {
      this.#detach()
      return this.#end('superseded', 'another holder of the key has taken the session', 'peer', now)
    }
    this.#loseLink(link, end.code, end.reason, now)
    const accused = accusation(end.code)
    if (accused !== undefined && this.#phase !== 'ended') {
      this.#emit({
        type: 'fault',
        by: 'local',
        code: accused,
        message: end.reason || 'the peer gave no reason',
      })
      this.#countFault(end.reason, now)
    }
  }

  // Frames

  #onFrame(id: LinkId, frame: Frame, bytes: number, now: number): void {
    const link = this.#link
    if (link === undefined || link.id !== id) return
    let decoded: DecodedFrame
    try {
      decoded = decodeFrame(frame, bytes, {
        frameBytesMax: this.#config.maxBytes + limits.frameOverheadBytes,
      })
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#onDecoded(id, decoded, bytes, now)
  }

  #onDecoded(id: LinkId, decoded: DecodedFrame, bytes: number, now: number): void {
    const link = this.#link
    if (link === undefined || link.id !== id) return
    if (link.attached) {
      this.#deadlines.ping = now + this.#keepaliveMs
      this.#deadlines.dead = never
    }
    const charge = this.#inbox.openFrame(bytes)
    let messages = 0
    try {
      for (const envelope of decoded.envelopes) {
        if (envelope.t === 'msg' && ++messages === 2 && bytes > limits.batchBytesMax) {
          throw new PeerFault('frameTooLarge', `several messages in a frame of ${bytes} bytes`)
        }
        this.#onEnvelope(envelope, decoded.payload, charge, link, now)
        if (this.#link !== link) return
      }
    } catch (fault) {
      return this.#onFault(link, fault, now)
    }
    this.#settle(now)
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
    switch (envelope.t) {
      case 'msg':
        return this.#onMsg(envelope, payload, charge)
      case 'ack': {
        const messages = this.#outbox.acknowledge(envelope)
        if (messages.length === 0) return
        this.#faultsInARow = 0
        if (this.#handledWhileClosing !== undefined) {
          for (const message of messages) this.#handledWhileClosing.push(message.id)
        }
        return this.#emit({ type: 'handled', messages })
      }
      case 'fin':
        return this.#onFin(envelope)
      case 'welcome':
        return this.#onWelcome(envelope, link, now)
      case 'cancel':
        return this.#emit({ type: 'cancel', re: envelope.re })
      case 'note':
        return this.#emit({ type: 'note', envelope, payload })
      case 'ping':
        return this.#filler.setPong(encodeEnvelope({ t: 'pong', k: envelope.k }))
      case 'pong':
        return
      case 'away':
        if (this.#config.role === 'server')
          throw new PeerFault('envelopeUnexpected', 'away came from a client')
        return this.#emit({ type: 'away', after: envelope.after, reason: envelope.reason })
      case 'reset':
        this.#outbox.peerSaysItHas(envelope.got ?? 0)
        return this.#end(asResetCode(envelope.code), envelope.reason ?? '', 'peer', now)
      case 'hello':
        throw new PeerFault('envelopeUnexpected', 'a second hello on one link')
      default:
        return unreachable(envelope)
    }
  }

  #onWelcome(welcome: WelcomeEnvelope, link: AttachedLink, now: number): void {
    if (this.#config.role === 'server' || link.attached) {
      throw new PeerFault('envelopeUnexpected', 'a welcome that nobody waits for')
    }
    if (welcome.sid !== this.#config.sid)
      throw new PeerFault('envelopeUnexpected', 'welcome to another session')
    this.#outbox.peerReceived(welcome.got)
    link.attached = true
    link.streaming = true
    this.#welcomed = true
    this.#ttlMs = welcome.ttl
    this.#keepaliveMs = welcome.keepalive
    this.#outbox.window = welcome.window
    this.#outbox.maxBytes = welcome.maxBytes
    this.#deadlines.welcome = never
    this.#deadlines.ping = now + this.#keepaliveMs
    if (this.#phase === 'ended') return this.#sayLastWord(link)
    this.#dropTooLarge()
    this.#emit({ type: 'attached', link: link.id, resumed: welcome.resumed })
  }

  #onMsg(envelope: MsgEnvelope, payload: Uint8Array | undefined, charge: FrameCharge): void {
    if (!this.#inbox.receive(envelope, charge) || this.#phase === 'ended') return
    this.#emit({ type: 'message', envelope, payload })
  }

  #onFin(envelope: FinEnvelope): void {
    if (!this.#inbox.receiveFin(envelope)) return
    this.#emit({ type: 'peer-fin', code: envelope.code, reason: envelope.reason })
  }

  // Faults

  #onFault(link: AttachedLink, fault: unknown, now: number): void {
    if (fault instanceof WindowExceeded) return this.#end('window-exceeded', fault.message, 'local', now)
    if (!(fault instanceof PeerFault)) throw fault
    this.#closeLink(link, closeCodes[fault.code], fault.message)
    this.#loseLink(link, closeCodes[fault.code], fault.message, now)
    if (this.#phase === 'ended') return
    this.#emit({ type: 'fault', by: 'peer', code: fault.code, message: fault.message })
    this.#countFault(fault.message, now)
  }

  #countFault(why: string, now: number): void {
    this.#faultsInARow++
    if (this.#faultsInARow >= limits.faultsInARowMax) this.#end('protocol-fault', why, 'local', now)
  }

  // The application

  #onSend(message: OutgoingMessage<Tag>): void {
    if (this.#phase === 'ended' || this.#outbox.finRequested) {
      message.state = 'settled'
      return this.#fail([{ message, fate: 'not-sent' }], 'the session takes no more messages')
    }
    if (message.bytes > this.#outbox.maxBytes) {
      message.state = 'settled'
      return this.#fail([{ message, fate: 'not-sent' }], tooLargeWords(this.#outbox.maxBytes), true)
    }
    this.#outbox.push(message)
  }

  #onClose(timeoutMs: number, now: number): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#handledWhileClosing ??= []
    this.#deadlines.closing = now + timeoutMs
  }

  #onFinInput(code: number | undefined, reason: string | undefined, now: number): void {
    if (this.#phase === 'ended') return
    const unheardOf = this.#config.role === 'client' && this.#linkCount === 0 && this.#outbox.untouched
    this.#outbox.requestFin(code, reason === undefined ? undefined : clip(reason))
    if (!unheardOf) return
    this.#finish(now)
    this.#release()
  }

  #onAway(after: number, reason: string | undefined): void {
    if (this.#config.role !== 'server' || !this.#link?.attached) return
    const words = reason === undefined ? {} : { reason: clip(reason) }
    this.#filler.addControl(encodeEnvelope({ t: 'away', after, ...words }))
  }

  #fail(messages: Array<{ message: OutgoingMessage<Tag>; fate: Fate }>, why: string, tooLarge = false): void {
    if (messages.length > 0) this.#emit({ type: 'failed', messages, why, tooLarge })
  }

  #dropTooLarge(): void {
    const dropped = this.#outbox.dropTooLarge().map((message) => ({ message, fate: 'not-sent' as const }))
    this.#fail(dropped, tooLargeWords(this.#outbox.maxBytes), true)
  }

  // Time

  #onTimeout(now: number): void {
    const due = this.#deadlines
    const link = this.#link
    if (now >= due.release) return this.#release()
    if (now >= due.closing) return this.#end('close-timeout', 'closing took too long', 'local', now)
    if (now >= due.expiry) return this.#end('expired', `no link for ${this.#ttlMs} ms`, 'local', now)
    if (link === undefined) return
    if (now >= due.welcome) {
      this.#closeLink(link, closeCodes.helloTimeout, 'no welcome came')
      this.#loseLink(link, closeCodes.helloTimeout, 'no welcome came', now)
    } else if (now >= due.dead) {
      this.#closeLink(link, closeCodes.keepaliveTimeout, 'a ping was not answered')
      this.#loseLink(link, closeCodes.keepaliveTimeout, 'a ping was not answered', now)
    } else if (now >= due.ping) {
      due.ping = never
      due.dead = now + this.#keepaliveMs
      this.#filler.addControl(encodeEnvelope({ t: 'ping', k: ++this.#pingCount }))
    }
  }

  // The end

  /** After each step: is everything that both sides sent handled? */
  #settle(now: number): void {
    if (this.#phase === 'ended' || !this.#outbox.finished || !this.#inbox.finished) return
    const link = this.#link
    // The acknowledgement of a `fin` that went out behind ours of the peer's proves that the peer has both.
    const peerKnows = link?.finAfterAll === true
    this.#finish(now)
    // On a link that is still being opened it is said when `welcome` has come.
    if (link?.attached) this.#sayLastWord(link)
    if (peerKnows) this.#releaseSoon(now)
  }

  #finish(now: number): void {
    this.#phase = 'ended'
    // A link that waits for its `welcome` goes on waiting, and not for ever: the last word is said on it, or the next.
    this.#deadlines.closing = never
    this.#deadlines.expiry = never
    this.#deadlines.release = now + this.#ttlMs
    this.#report = this.#makeReport('finished', '', 'both', [])
    this.#emit({ type: 'ended', report: this.#report })
  }

  /** The session is over: says so on this link, and closes it behind that. */
  #sayLastWord(link: AttachedLink): void {
    const report = this.#report as CloseReport
    this.#finalLink = link.id
    if (report.clean) return this.#closeLink(link, closeCodes.normal, '', this.#filler.fill(link))
    const reset = encodeEnvelope({
      t: 'reset',
      code: report.code,
      reason: clip(report.reason),
      got: this.#inbox.got,
    })
    this.#closeLink(link, closeCodes.reset, report.code, `[${reset}]`)
  }

  #end(code: ResetCode, reason: string, by: 'local' | 'peer', now: number): void {
    if (this.#phase === 'ended') {
      if (by === 'peer' && this.#link !== undefined) this.#closeLink(this.#link, closeCodes.normal, '')
      if (by === 'peer') this.#releaseSoon(now)
      return
    }
    this.#phase = 'ended'
    const link = this.#link
    const why = reason === '' ? code : `${reason} (${code})`
    const rest = this.#outbox.drain()
    this.#report = this.#makeReport(code, reason, by, rest)
    this.#fail(rest, why)
    this.#emit({ type: 'ended', report: this.#report })
    this.#deadlines.closing = never
    this.#deadlines.expiry = never
    if (link !== undefined && by === 'peer') this.#closeLink(link, closeCodes.normal, '')
    else if (link !== undefined) this.#sayLastWord(link)
    // A server tells a client that did not hear it when it comes back; a client has nobody to wait for.
    if (by === 'local' && this.#config.role === 'server') {
      this.#deadlines.release = now + this.#ttlMs
    } else this.#releaseSoon(now)
  }

  /**
   * The peer has nothing more to ask. A server that did not get the client's first link still stays: the `hello` of
   * an earlier one may be under way, and would make the session, and what was handled in it, anew.
   */
  #releaseSoon(now: number): void {
    if (this.#released) return
    if (this.#config.role === 'client' || this.#linkCount <= 1) return this.#release()
    if (this.#deadlines.release === never) this.#deadlines.release = now + this.#ttlMs
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#deadlines.disarmLink()
    this.#deadlines.release = never
    this.#emit({ type: 'released' })
  }

  #makeReport(
    code: CloseReport['code'],
    reason: string,
    by: CloseReport['by'],
    rest: ReadonlyArray<{ message: OutgoingMessage<Tag>; fate: Fate }>,
  ): CloseReport {
    const idsOf = (fate: Fate) => rest.filter((entry) => entry.fate === fate).map((entry) => entry.message.id)
    return {
      clean: code === 'finished',
      code,
      reason,
      by,
      handledTotal: this.#outbox.handledTotal,
      handled: this.#handledWhileClosing ?? [],
      received: idsOf('received'),
      unknown: idsOf('unknown'),
      notSent: idsOf('not-sent'),
      incoming: { handledTotal: this.#inbox.handledTotal, unhandled: this.#inbox.pendingIds() },
    }
  }

  #emit(output: SessionOutput<Tag>): void {
    this.#outputs.push(output)
  }
}

const initialWindow = { messages: defaults.windowMessages, bytes: defaults.windowBytes }

const superseded = { code: closeCodes.superseded, reason: 'another link took over' }

function tooLargeWords(maxBytes: number): string {
  return `it is larger than the ${maxBytes} bytes that the peer takes`
}

function clip(reason: string): string {
  return reason.slice(0, limits.reasonCharsMax)
}

function unreachable(value: never): never {
  throw new TypeError(`not a session input or envelope: ${JSON.stringify(value)}`)
}
