import type { AttachedLink } from './attached-link.ts'
import { accusation, closeCodes } from './codes.ts'
import type { Counters } from './counters.ts'
import { inMs, isDue, never } from './deadlines.ts'
import { encodeEnvelope } from './encode.ts'
import type { AwayEnvelope, Frame, FrameInPieces } from './envelope.ts'
import type { Fate } from './errors.ts'
import type { JournaledMessage, JournalSnapshot, JournalWrite } from './journal.ts'
import { keepaliveOf } from './keepalive.ts'
import { lastWords, type OneShot } from './last-words.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { clip } from './session-ending.ts'
import { SessionFaults } from './session-faults.ts'
import { SessionFrames } from './session-frames.ts'
import type { LinkId, SessionConfig, SessionInput, SessionOutput } from './session-io.ts'
import { SessionJournaling } from './session-journaling.ts'
import { SessionLinks } from './session-links.ts'
import { SessionParts } from './session-parts.ts'
import { tooLargeWords } from './too-large.ts'

/**
 * A session, as one state machine for both roles, without I/O: inputs and the time go in by `handle`, frames come out
 * of `pollFrame`, everything else out of `takeOutputs`. `now` never decreases.
 *
 * What a driver does after each input: carry out the outputs, hand polled frames to the link while it is writable,
 * and come back with a `timeout` input at `nextTimeout()`.
 *
 * What each envelope sets going stands in `SessionFrames`, what happens to links in `SessionLinks`, how it ends in
 * `SessionEnding`; here is what each input sets going.
 */
export class SessionMachine<Tag = unknown> extends SessionFrames<Tag> {
  /** Only where there is a journal. */
  #journaling: SessionJournaling<Tag> | undefined

  constructor(config: SessionConfig) {
    const parts = new SessionParts<Tag>(config)
    super(parts, new SessionLinks<Tag>(parts))
    if (config.journaled) this.#journaling = new SessionJournaling(this.parts, this.links, this.ending)
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
    machine.#journaling ??= new SessionJournaling(machine.parts, machine.links, machine.ending)
    machine.#journaling.restore(snapshot, tagOf, now)
    return machine
  }

  get sid(): string {
    return this.parts.config.sid
  }

  get ended(): boolean {
    return this.parts.ended
  }

  get attached(): boolean {
    return this.links.attached
  }

  /** Client: true if a link should be opened: the session goes on, or its last acknowledgement must be said again. */
  get wantsLink(): boolean {
    if (this.parts.config.role !== 'client' || this.links.current !== undefined) return false
    return this.endingBegun?.wantsLink !== false
  }

  /** True once a `welcome` has been received (client) or a `hello` accepted (server). */
  get welcomed(): boolean {
    return this.parts.welcomed
  }

  /** The highest sequence number received. */
  get got(): number {
    return this.parts.inbox.got
  }

  /**
   * True if what came of a frame should not wait for others: a message goes out, mostly a reply, or the peer waits for an
   * acknowledgement. Once the peer has said its last, this side mostly does at the end of the turn, in the same frame.
   */
  get presses(): boolean {
    const { inbox, outbox } = this.parts
    return !inbox.finCame && (outbox.hasNext || inbox.ackPresses)
  }

  /** Bytes of messages retained: queued and in flight. */
  get retainedBytes(): number {
    return this.parts.outbox.bytes
  }

  get inFlightCount(): number {
    return this.parts.outbox.inFlightCount
  }

  get inFlightBytes(): number {
    return this.parts.outbox.inFlightBytes
  }

  get queuedCount(): number {
    return this.parts.outbox.queuedCount
  }

  /** What the session has done so far. To be read only. */
  get counters(): Counters {
    return this.parts.counters
  }

  /** How far a message of this side is known to have come, while it is not handled. */
  fateOf(message: OutgoingMessage<Tag>): Fate {
    return this.parts.outbox.fateOf(message)
  }

  /** When to come back with a `timeout` input; `Infinity` for never. It may change with every input. */
  nextTimeout(): number {
    return this.parts.deadlines.next()
  }

  /** What has come out since the last call, in order. */
  takeOutputs(): SessionOutput<Tag>[] {
    return this.parts.takeOutputs()
  }

  /**
   * What the journal is to hold, or nothing: nothing has changed since the last write, or that is not confirmed yet by
   * a `journaled` input. Ask after each input, and after polling frames.
   */
  takeJournalWrite(): JournalWrite | undefined {
    return this.#journaling?.take()
  }

  /**
   * The next frame for the current link, or nothing. `strictBytes`: never longer than this, if only `hello` permits
   * it; otherwise frames keep to the protocol's limits.
   */
  pollFrame(strictBytes?: number): Frame | undefined {
    const link = this.links.current
    if (link === undefined || !this.links.mayLeave) return undefined
    return this.parts.filler.fill(link, strictBytes)
  }

  /** Client: the same for a link that was started, whether it is the current one or, while that is attached, the next. */
  pollFrameOf(link: LinkId, strictBytes?: number): Frame | undefined {
    if (link === this.links.current?.id) return this.pollFrame(strictBytes)
    if (link !== this.links.next?.id || !this.links.mayLeave) return undefined
    return this.links.takeNextHello()
  }

  /** The same, for links that take a long text as it is kept. */
  pollPiecesOf(link: LinkId): Frame | FrameInPieces | undefined {
    const { current } = this.links
    if (link !== current?.id) return this.pollFrameOf(link)
    return this.links.mayLeave ? this.parts.filler.fillPieces(current) : undefined
  }

  /** Client: what goes on a one-shot link when its page goes away; nothing if the server has all of it. The session has left its links with that. */
  lastWords(oneShot: OneShot, now: number): Frame[] {
    return this.wantsLink || this.attached ? lastWords(this.parts, this.links, oneShot, now) : []
  }

  // The two inputs that every message takes have methods, so that no object is made for each of them.

  /** The `send` input, in which no time matters. */
  send(message: OutgoingMessage<Tag>): void {
    const { outbox } = this.parts
    if (this.ended || outbox.finRequested) {
      message.state = 'settled'
      return this.parts.fail([{ message, fate: 'not-sent' }], 'the session takes no more messages')
    }
    if (message.bytes > outbox.maxBytes) {
      message.state = 'settled'
      return this.parts.fail([{ message, fate: 'not-sent' }], tooLargeWords(outbox.maxBytes), true)
    }
    outbox.push(message)
  }

  /** The `handled` input. */
  handled(seq: number, now: number): void {
    if (this.parts.inbox.handled(seq)) {
      this.parts.faultsInARow = 0
      this.counters.handledHere()
    }
    this.settle(now)
  }

  handle(input: SessionInput<Tag>, now: number): void {
    const { filler, outbox } = this.parts
    switch (input.type) {
      case 'frame':
        return this.onFrame(input.link, input.frame, input.bytes, now)
      case 'decoded':
        return this.onDecoded(input.link, input.decoded, input.bytes, now)
      case 'send':
        return this.send(input.message)
      case 'handled':
        return this.handled(input.seq, now)
      case 'note':
        if (this.attached) filler.addNote(input.text, input.payload)
        return
      case 'cancel':
        if (this.attached) filler.addControl(encodeEnvelope({ t: 'cancel', re: input.re }))
        return
      case 'drop': {
        const { message } = input
        const fate = outbox.fateOf(message)
        if (outbox.drop(message)) this.parts.fail([{ message, fate }], 'taken back')
        return this.settle(now)
      }
      case 'link-start':
        if (this.parts.config.role === 'client' && !this.released) {
          this.links.start(input.link, input.auth)
        }
        return
      case 'link-open': {
        const link = this.links.withId(input.link)
        if (link?.attached === false) {
          this.parts.deadlines.welcome = now + this.parts.config.welcomeTimeoutMs
          if (input.early === false) link.helloAt = now
        }
        return
      }
      case 'link-accept':
        return this.accept(input.link, input.hello, now)
      case 'link-end':
        return this.#onLinkEnd(input, now)
      case 'close':
        return this.ending.begin(input.timeoutMs, now)
      case 'fin':
        return this.#onFinInput(input.code, input.reason, now)
      case 'abort':
        return this.ending.end(input.code, input.reason, 'local', now)
      case 'let-go':
        return this.ending.letGo(input.code, input.reason, input.silent, now)
      case 'away':
        return this.#onAway(input)
      case 'journaled':
        this.#journaling?.confirm(input.write)
        return this.settle(now)
      case 'unjournaled':
        this.#journaling?.stop(input.mayStand, now)
        return this.settle(now)
      case 'timeout':
        return this.#onTimeout(now)
      default:
        return unreachable(input)
    }
  }

  // Links

  #onLinkEnd(end: Extract<SessionInput<Tag>, { type: 'link-end' }>, now: number): void {
    if (this.endingBegun?.onLinkEnd(end, now)) return
    const link = this.links.withId(end.link)
    if (link === undefined) return
    if (link === this.links.next) return this.links.detach(link)
    if (end.neverLeft) {
      this.parts.outbox.unleave()
      this.counters.neverLeft(this.parts.outbox.last)
    }
    const superseded = end.code === closeCodes.superseded && this.parts.config.role === 'client'
    if (superseded && !this.links.gaveWay(link)) {
      this.links.detach(link)
      return this.ending.end('superseded', 'another holder of the key has taken the session', 'peer', now)
    }
    this.links.lose(link, end.code, end.reason, now)
    const accused = superseded ? undefined : accusation(end.code)
    if (accused === undefined || this.ended) return
    new SessionFaults(this.parts, this.links, this.ending).onAccused(accused, end.reason, now)
  }

  // The application

  #onFinInput(code: number | undefined, reason: string | undefined, now: number): void {
    const { config, outbox } = this.parts
    if (this.ended) return
    const unheardOf = config.role === 'client' && this.links.count === 0 && outbox.untouched
    outbox.requestFin(code, reason === undefined ? undefined : clip(reason))
    if (unheardOf) this.ending.finishUnheardOf(now)
    else this.settle(now)
  }

  #onAway({ after, reason, location }: Extract<SessionInput<Tag>, { type: 'away' }>): void {
    if (this.parts.config.role !== 'server' || !this.attached) return
    const away: AwayEnvelope = { t: 'away', after }
    if (reason !== undefined) away.reason = clip(reason)
    if (location !== undefined) away.location = location
    this.parts.filler.addControl(encodeEnvelope(away))
  }

  // Time

  #onTimeout(now: number): void {
    const due = this.parts.deadlines
    const link = this.links.current
    if (isDue(due.release, now)) return this.ending.onReleaseDue(now)
    if (isDue(due.closing, now))
      return this.ending.end('close-timeout', 'closing took too long', 'local', now)
    if (isDue(due.expiry, now)) {
      return this.ending.end('expired', `no link for ${this.parts.ttlMs} ms`, 'local', now)
    }
    if (link === undefined) return
    if (isDue(due.welcome, now)) {
      this.#giveUp(this.links.next ?? link, closeCodes.helloTimeout, 'no welcome came', now)
    } else if (isDue(due.dead, now)) {
      this.#giveUp(link, closeCodes.keepaliveTimeout, 'a ping was not answered', now)
    } else if (isDue(due.ping, now)) {
      due.ping = never
      due.dead = inMs(this.parts.keepaliveMs, now)
      keepaliveOf(this.parts).ping(now)
      this.parts.inbox.rest()
      this.parts.outbox.rest()
    }
  }

  #giveUp(link: AttachedLink, code: number, reason: string, now: number): void {
    this.links.close(link, code, reason)
    this.links.lose(link, code, reason, now)
  }
}

function unreachable(value: never): never {
  throw new TypeError(`not a session input: ${JSON.stringify(value)}`)
}
