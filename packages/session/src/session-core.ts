import {
  type CloseReport,
  type Contract,
  type DecodedFrame,
  defaults,
  type Frame,
  type HelloEnvelope,
  type Json,
  LastwordError,
  type LinkId,
  ProtocolError,
  type ResetCode,
  SessionClosedError,
  type SessionConfig,
  SessionMachine,
  type SessionOutput,
} from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import type { Delivery } from './delivery.ts'
import { Dispatcher } from './dispatcher.ts'
import { Emitter } from './emitter.ts'
import { IncomingMessage } from './incoming-message.ts'
import { Notes } from './notes.ts'
import { OutgoingLane } from './outgoing-lane.ts'
import type { Platform } from './platform.ts'
import { type FirstFrame, SessionDriver } from './session-driver.ts'
import type { CloseOptions, SessionEvents, SessionOptions, SessionState } from './session-types.ts'
import { type TraceOrigin, Tracer } from './trace.ts'

/** What the owner of a session (the SDK, the adapter) is told. */
export interface SessionOwner {
  /** A link is over; a client opens another one if `core.wantsLink`. `attached`: the session had been attached to it. */
  onLinkEnd(link: LinkId, end: LinkEnd, attached: boolean): void
  onAttached?(): void
  /** The session has lost its link, which may not be over yet. */
  onDetached?(): void
  /** Client: the server asks to go to another link, before it ends this one in `afterMs` ms. */
  onAway?(afterMs: number, location: string | undefined): void
  /** Client: another server does not let the session in; it stays where it is. */
  onMoveRefused?(): void
  /** Why no link has been attached, as far as it is known. */
  whyNotOpened?(): LastwordError | undefined
  /** Nothing of the session is needed any more. */
  onReleased(): void
}

/** What a session is made with, besides its options. */
export interface CoreConfig extends SessionConfig {
  /** What message ids begin with: drawn once for each session and side. */
  idPrefix: string
}

/**
 * The engine of a session: the machine, run on links by a driver, between the lane out and the dispatcher in. The
 * application sees it through `Session`, the SDK and the adapter own it.
 */
export class SessionCore {
  readonly emitter: Emitter<SessionEvents>
  readonly lane: OutgoingLane
  readonly dispatcher: Dispatcher
  readonly notes: Notes
  readonly contract: Contract | undefined
  readonly closed: Promise<CloseReport>
  /** Resolves when the session is attached for the first time; rejects if it ends before that. */
  readonly opened: Promise<void>

  readonly #config: CoreConfig
  readonly #platform: Platform
  readonly #owner: SessionOwner
  readonly #halfOpen: boolean
  readonly #machine: SessionMachine<Delivery>
  readonly #driver: SessionDriver<Delivery>
  #resolveClosed!: (report: CloseReport) => void
  #resolveOpened!: () => void
  #rejectOpened!: (error: unknown) => void
  /** What made this side give the session up, as the cause of what is rejected with it. */
  #cause: unknown
  #report: CloseReport | undefined
  #closing = false
  #finAsked = false
  #peerFin = false
  #attachedBefore = false
  /** True from the loss of a link until there is another one; a session that moves before it leaves never is. */
  #recovering = false
  #close: CloseOptions = {}

  constructor(config: CoreConfig, options: SessionOptions, platform: Platform, owner: SessionOwner) {
    this.#config = config
    this.#platform = platform
    this.#owner = owner
    this.#halfOpen = options.halfOpen === true
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve
      this.#rejectOpened = reject
    })
    // Whoever does not wait for it hears of the same by `closed` and by every message's fate.
    this.opened.catch(() => {})
    this.emitter = new Emitter((error) => platform.report(error))
    const contract = options.contract as Contract | undefined
    this.contract = contract
    this.#machine = new SessionMachine<Delivery>(config)
    this.#driver = new SessionDriver(
      this.#machine,
      platform,
      {
        onOutput: (output) => this.#onOutput(output),
        onLinkEnd: (link, end, attached) => this.#owner.onLinkEnd(link, end, attached),
      },
      tracerOf(options.trace, { sid: config.sid, side: config.role }, platform),
    )
    this.lane = new OutgoingLane(
      {
        takesMessages: () => !this.#closing && !this.#machine.ended,
        maySubmit: () => !this.#finAsked && !this.#machine.ended,
        peerHasClosed: () => this.#peerFin,
        submit: (message) => this.#driver.input({ type: 'send', message }),
        takeBack: (message) => this.#driver.input({ type: 'drop', message }),
        cancel: (re) => this.#driver.input({ type: 'cancel', re }),
        fateOf: (message) => this.#machine.fateOf(message),
        retainedBytes: () => this.#machine.retainedBytes,
        onRoom: () => this.dispatcher.resume(),
        onError: (error) => this.#tellError(error),
      },
      contract,
      config.idPrefix,
      options,
      config.sid,
    )
    this.notes = new Notes(
      {
        takesNotes: () => this.#machine.attached && !this.#closing,
        submit: (text, payload) => this.#driver.input({ type: 'note', text, payload }),
        onError: (error) => this.#tellError(error),
      },
      contract,
      config.sid,
    )
    this.dispatcher = new Dispatcher(
      {
        over: () => this.#machine.ended,
        takesRequests: () => this.lane.answers.hasRoom,
        onHandled: (message) => this.#onHandled(message),
        onUnhandled: (message) => this.emitter.emit('unhandled', message),
        onError: (error) => this.#tellError(error),
        endOfTurn: (callback) => platform.endOfTurn(callback),
      },
      contract,
      options.concurrency ?? Number.POSITIVE_INFINITY,
    )
  }

  get sid(): string {
    return this.#config.sid
  }

  get state(): SessionState {
    if (this.#machine.ended) return 'closed'
    if (this.#closing || this.#peerFin) return 'closing'
    if (this.#machine.attached) return 'open'
    return this.#machine.welcomed ? 'recovering' : 'connecting'
  }

  get attached(): boolean {
    return this.#machine.attached
  }

  /** Client: true if a link should be opened. */
  get wantsLink(): boolean {
    return this.#machine.wantsLink
  }

  get welcomed(): boolean {
    return this.#machine.welcomed
  }

  get ended(): boolean {
    return this.#machine.ended
  }

  /** Bytes of messages that are queued and in flight. */
  get retainedBytes(): number {
    return this.#machine.retainedBytes
  }

  /** The report, once the session is over. */
  get report(): CloseReport | undefined {
    return this.#report
  }

  // For the owner

  /** Client: begins a link, and says what its first frame is: at most `strictBytes` long, so that it fits into the upgrade. */
  startLink(
    auth: Json | undefined,
    strictBytes: number | undefined,
  ): { id: LinkId; frame: Frame | undefined } {
    const id = this.#driver.nextLinkId()
    this.#driver.input({ type: 'link-start', link: id, auth })
    return { id, frame: this.#machine.pollFrameOf(id, strictBytes) }
  }

  bind(id: LinkId, link: Link, first: FirstFrame): void {
    this.#driver.bind(id, link, first)
  }

  /** Client: the link that was started could not even be made, so that nothing of its first frame left. */
  unmake(id: LinkId): void {
    this.#driver.input({ type: 'link-end', link: id, code: 1006, reason: '', clean: false, neverLeft: true })
  }

  accept(link: Link, hello: HelloEnvelope, rest: DecodedFrame, bytes: number): LinkEvents {
    return this.#driver.accept(link, hello, rest, bytes)
  }

  /** Server: tells the client that this link will go, and where to. */
  away(afterMs: number, reason?: string, location?: string): void {
    this.#driver.input({ type: 'away', after: afterMs, reason, location })
    this.#driver.flush()
  }

  /** Ends the session now. What was not handled is rejected with its fate, and with `cause`. */
  abort(code: ResetCode, reason: string, cause?: unknown): void {
    if (this.#machine.ended) return
    this.#cause = cause
    this.#driver.input({ type: 'abort', code, reason })
  }

  /** Sends what waits without waiting for the end of the turn. */
  flush(): void {
    this.#driver.flush()
  }

  // For the application

  /** Begins to close: `fin` follows once what was received before is answered, and what was sent before is on its way. */
  close(options: CloseOptions): Promise<CloseReport> {
    this.#beginToClose(options)
    if (!this.#machine.ended) this.#driver.holdProcess(true)
    const { signal } = options
    if (signal !== undefined && !this.#machine.ended) {
      const giveUp = () => this.abort('aborted', 'the caller stopped waiting for the close')
      if (signal.aborted) giveUp()
      else {
        signal.addEventListener('abort', giveUp, { once: true })
        void this.closed.then(() => signal.removeEventListener('abort', giveUp))
      }
    }
    return this.closed
  }

  #beginToClose(options: CloseOptions): void {
    if (this.#closing || this.#machine.ended) return
    this.#closing = true
    this.#close = options
    this.#driver.input({ type: 'close', timeoutMs: options.timeoutMs ?? defaults.closeTimeoutMs })
    void this.#finInOrder()
  }

  async #finInOrder(): Promise<void> {
    this.dispatcher.close()
    const requests = this.dispatcher.openRequests()
    if (requests.length > 0) await Promise.all(requests.map((request) => request.whenHandled))
    await this.lane.submitted()
    if (this.#finAsked || this.#machine.ended) return
    this.#finAsked = true
    this.#driver.input({ type: 'fin', code: this.#close.code, reason: this.#close.reason })
    this.#checkIdle()
  }

  #onHandled(message: IncomingMessage): void {
    message.settle()
    this.#driver.input({ type: 'handled', seq: message.seq })
    this.#checkIdle()
  }

  /** When the peer has closed and everything received is handled, this side closes too. */
  #checkIdle(): void {
    if (!this.#peerFin || this.#machine.ended) return
    if (!this.#closing) {
      if (this.#halfOpen || !this.#nothingToCome()) return
      // At the end of the turn, so that what was just answered or resolved can still send something.
      this.#platform.endOfTurn(() => {
        if (!this.#closing && this.#nothingToCome()) this.#beginToClose({})
      })
      return
    }
    if (!this.#finAsked || !this.#onlyKeptLeft()) return
    // Both sides have closed, and nobody listens for what is left: waiting longer would not make it handled.
    this.#platform.endOfTurn(() => {
      if (this.#machine.ended || !this.#onlyKeptLeft()) return
      const kept = this.dispatcher.keptCount
      this.abort('unhandled', `${kept} messages had come for which there is no handler`)
    })
  }

  /** An application that has attached no handler at all may still be about to; one that has is not waited for. */
  #nothingToCome(): boolean {
    return this.dispatcher.openCount === 0 || (this.dispatcher.listens && this.#onlyKeptLeft())
  }

  #onlyKeptLeft(): boolean {
    return this.dispatcher.keptCount > 0 && this.dispatcher.keptCount === this.dispatcher.openCount
  }

  #onOutput(output: SessionOutput<Delivery>): void {
    switch (output.type) {
      case 'message':
        return this.#onMessage(output)
      case 'handled':
        return this.lane.onHandled(output.messages)
      case 'failed':
        for (const { message, fate } of output.messages) {
          this.lane.onFailed(message, fate, output.why, output.tooLarge, this.#cause)
        }
        return
      case 'note':
        if (this.#machine.ended) return
        return this.notes.receive(output.envelope.ch ?? '', output.payload ?? output.envelope.d)
      case 'cancel':
        return this.dispatcher.cancel(output.re)
      case 'attached':
        return this.#onAttached(output.resumed)
      case 'detached':
        if (this.state !== 'closed') {
          this.#recovering = true
          this.emitter.emit('recovering', { code: output.code, reason: output.reason })
        }
        return this.#owner.onDetached?.()
      case 'peer-fin':
        this.#peerFin = true
        this.dispatcher.finish()
        this.lane.abandonRequests('the peer has closed')
        this.emitter.emit('closing', { code: output.code, reason: output.reason })
        return this.#checkIdle()
      case 'away': {
        // The owner moves: the link goes on until the session has another one, so that what is under way is finished.
        const { after: afterMs, reason, location } = output
        this.emitter.emit('away', { afterMs, reason, location })
        return this.#owner.onAway?.(afterMs, location)
      }
      case 'move-refused':
        return this.#owner.onMoveRefused?.()
      case 'fault': {
        const error = new ProtocolError(output.code, output.by, output.message, { sessionId: this.sid })
        this.emitter.emit('disconnected', error)
        return
      }
      case 'ended':
        return this.#onEnded(output.report)
      case 'released':
        return this.#owner.onReleased()
      case 'link-close':
        return
    }
  }

  #onMessage(output: Extract<SessionOutput<Delivery>, { type: 'message' }>): void {
    const { envelope, payload, redelivered } = output
    if (envelope.re !== undefined) {
      const { seq } = envelope
      return this.lane.onReply(envelope, payload, () => this.#driver.input({ type: 'handled', seq }))
    }
    // It came with what ended the session, whose report says that it was not handled.
    if (this.#machine.ended) return
    this.dispatcher.receive(new IncomingMessage(envelope, payload, redelivered, this.lane.answers))
  }

  #onAttached(resumed: boolean): void {
    this.#owner.onAttached?.()
    this.lane.cancelAgain()
    if (!this.#attachedBefore) {
      this.#attachedBefore = true
      this.#resolveOpened()
      this.emitter.emit('open', undefined)
    } else if (this.#recovering) {
      this.#recovering = false
      this.emitter.emit('recovered', { resumed })
    }
  }

  #onEnded(report: CloseReport): void {
    this.#closing = true
    this.#driver.holdProcess(false)
    const why = `the session ended (${report.code}${report.reason === '' ? '' : `: ${report.reason}`})`
    report.notSent.push(...this.lane.end(why, this.#cause))
    this.#report = report
    this.#rejectOpened(this.#whyNotOpened(why))
    this.dispatcher.abort()
    this.emitter.emit('closed', report)
    // The links end first, so that whoever exits the process after closing takes nothing away. Where there is none, or
    // it is not welcomed for long, the last word is said behind the application's back.
    this.#platform.endOfTurn(() => {
      void this.#driver.linksEnded(defaults.lingerMs).then(() => this.#resolveClosed(report))
    })
  }

  #whyNotOpened(why: string): LastwordError {
    const cause = this.#cause ?? this.#owner.whyNotOpened?.()
    if (cause instanceof LastwordError) return cause
    return new SessionClosedError(why, { sessionId: this.sid, cause })
  }

  #tellError(error: LastwordError): void {
    if (!this.emitter.emit('error', error)) this.#platform.report(error)
  }
}

function tracerOf(
  trace: SessionOptions['trace'],
  origin: Pick<TraceOrigin, 'sid' | 'side'>,
  platform: Platform,
): Tracer | undefined {
  if (trace === undefined) return undefined
  return new Tracer(typeof trace === 'function' ? { onEvent: trace } : trace, origin, platform)
}
