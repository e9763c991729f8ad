import {
  type CloseReport,
  type Contract,
  type DecodedFrame,
  defaults,
  type Fate,
  type Frame,
  type HelloEnvelope,
  type JournalWrite,
  type Json,
  LastwordError,
  type LinkId,
  ProtocolError,
  type RemoteErrorBody,
  type ResetCode,
  SessionClosedError,
  type SessionMachine,
  type SessionOutput,
} from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import { atMost } from './at-most.ts'
import type { ClosedLink, FirstFrame } from './bound-link.ts'
import { Closing, type ClosingHost } from './closing.ts'
import { Deferred } from './deferred.ts'
import type { Delivery, Outgoing } from './delivery.ts'
import { Dispatcher, type DispatcherHost } from './dispatcher.ts'
import { Emitter } from './emitter.ts'
import { IncomingMessage, type MessageHost } from './incoming-message.ts'
import type { KeptSession } from './journal-writer.ts'
import { LostMessages } from './lost-messages.ts'
import { Notes, type NotesHost } from './notes.ts'
import { type LaneHost, OutgoingLane } from './outgoing-lane.ts'
import type { Platform } from './platform.ts'
import { type RestoredMessage, RestoredMessages } from './restored-messages.ts'
import { type DriverEvents, SessionDriver } from './session-driver.ts'
import { asJournalError, SessionKeeping, sessionMoved } from './session-keeping.ts'
import { isLost, type LifeHost, SessionLife } from './session-life.ts'
import { machineOf } from './session-machine-of.ts'
import type { CoreConfig, SessionOwner } from './session-owner.ts'
import { type SessionStats, statsOf } from './session-stats.ts'
import type { CloseOptions, SessionEvents, SessionOptions, SessionState } from './session-types.ts'
import { type TraceOrigin, Tracer } from './trace.ts'

/**
 * The engine of a session: the machine, run on links by a driver, between the lane out and the dispatcher in. The
 * application sees it through `Session`, the SDK and the adapter own it.
 *
 * It is the host of its parts itself: an object of functions for each of them would be half of what an idle session takes.
 */
export class SessionCore
  implements DriverEvents<Delivery>, LaneHost, DispatcherHost, MessageHost, NotesHost, ClosingHost, LifeHost
{
  readonly lane: OutgoingLane
  readonly dispatcher: Dispatcher
  readonly contract: Contract | undefined
  /** What was sent before the process ended, and is not known to be handled. */
  readonly restored: readonly RestoredMessage[]

  readonly #config: CoreConfig
  readonly #platform: Platform
  readonly #owner: SessionOwner
  readonly #life: SessionLife
  #notes: Notes | undefined
  #emitter: Emitter<SessionEvents> | undefined
  /** Made when one of the sides begins to close. */
  #closing: Closing | undefined
  readonly #halfOpen: boolean
  readonly #machine: SessionMachine<Delivery>
  readonly #driver: SessionDriver<Delivery>
  /** `closed`, made for the first who asks. */
  #closed: Deferred<CloseReport> | undefined
  /** What made this side give the session up, as the cause of what is rejected with it. */
  #cause: unknown
  /** Once the session is over. */
  #over: Over | undefined
  readonly #begunAt: number
  /** For an owner that wants to know what nobody has acknowledged. */
  readonly #lost: LostMessages | undefined
  readonly #keeping: SessionKeeping | undefined
  /** Why there is no journal that was asked for. */
  #lack: LastwordError | undefined
  #leaving: Promise<void> | undefined
  #onceDetached: (() => void) | undefined
  #left = false

  /** `kept`: the session's journal, if it has one, and what it goes on from: `begin` must follow then. */
  constructor(
    config: CoreConfig,
    options: SessionOptions,
    platform: Platform,
    owner: SessionOwner,
    kept?: KeptSession,
  ) {
    this.#config = config
    this.#platform = platform
    this.#owner = owner
    if (owner.onLost !== undefined) this.#lost = new LostMessages(owner.onLost)
    // Whole, for a fraction is an object of its own.
    this.#begunAt = Math.floor(platform.now())
    const contract = options.contract as Contract | undefined
    this.contract = contract
    const restored = new RestoredMessages(config.sid)
    this.#machine = machineOf(config, kept, restored, platform.now())
    this.restored = restored.list.length === 0 ? nothingRestored : Object.freeze(restored.list)
    this.#life = new SessionLife(this.#machine.welcomed, this)
    this.#driver = new SessionDriver(
      this.#machine,
      platform,
      this,
      tracerOf(options.trace, { sid: config.sid, side: config.role }, platform),
      kept?.journal,
    )
    if (kept !== undefined && this.#driver.writer !== undefined) {
      this.#keeping = new SessionKeeping(kept, this.#driver.writer)
      kept.journal.onClosed?.((error) => this.#onJournalClosed(asJournalError(error, config.sid)))
    }
    this.lane = new OutgoingLane(this, config.idPrefix, options)
    this.lane.adopt(restored.requests)
    this.dispatcher = new Dispatcher(this, options.concurrency)
    this.#halfOpen = options.halfOpen === true
    if (kept?.snapshot?.state.out.fin !== undefined) {
      this.#closing = new Closing(this, this.#halfOpen, true)
      this.#life.closing()
    }
  }

  get sid(): string {
    return this.#config.sid
  }

  /** Made for the first who sends notes or wants them: those that come before have nobody to go to. */
  get notes(): Notes {
    this.#notes ??= new Notes(this, this.contract, this.sid)
    return this.#notes
  }

  /** Made for the first who listens. */
  get emitter(): Emitter<SessionEvents> {
    this.#emitter ??= new Emitter(this.#platform)
    return this.#emitter
  }

  /** Tells whoever listens. False if nobody does. */
  emit<E extends keyof SessionEvents>(event: E, value: SessionEvents[E]): boolean {
    return this.#emitter?.emit(event, value) === true
  }

  get state(): SessionState {
    return this.#machine.ended ? 'closed' : this.#life.state
  }

  /** Resolves when the session is over, and its links with it; never rejects. */
  get closed(): Promise<CloseReport> {
    if (this.#closed === undefined) {
      this.#closed = new Deferred()
      if (this.#over?.isClosed) this.#closed.resolve(this.#over.report)
    }
    return this.#closed.promise
  }

  /** Resolves when the session is attached for the first time; rejects if it ends before that. */
  get opened(): Promise<void> {
    return this.#life.opened
  }

  get attached(): boolean {
    return this.#machine.attached
  }

  /** Client: true if a link should be opened. */
  get wantsLink(): boolean {
    return this.#machine.wantsLink
  }

  /** The highest sequence number received from the peer. */
  get got(): number {
    return this.#machine.got
  }

  /** Bytes of messages that are not acknowledged. */
  get retainedBytes(): number {
    return this.#machine.retainedBytes
  }

  get welcomed(): boolean {
    return this.#machine.welcomed
  }

  get ended(): boolean {
    return this.#machine.ended
  }

  /** The report, once the session is over. */
  get report(): CloseReport | undefined {
    return this.#over?.report
  }

  /** What the session has done, and what it holds now. */
  stats(): SessionStats {
    const ageMs = (this.#over?.at ?? this.#platform.now()) - this.#begunAt
    return statsOf(this.#machine, this.lane, this.dispatcher, ageMs)
  }

  // For the owner

  /** Tells what came of restoring the session, once whoever made it is ready to hear, and has its first state written. */
  begin(): void {
    this.#driver.begin()
    // What was being closed goes on closing, also if nobody here asks for it again: its time is bounded, and kept
    // messages hold it up no longer than they did before.
    if (this.#closing?.begun) this.#closing.begin({})
  }

  /** Resolves when the journal holds what the machine has accepted so far; at once if there is none. */
  async held(): Promise<void> {
    try {
      await this.#driver.writer?.stored()
    } catch (error) {
      throw asJournalError(error, this.sid)
    }
  }

  /**
   * Lets somebody else go on with the session: nothing more is begun, what the application has is finished (within
   * `deadlineMs`), everything is written (unless the journal does not answer for 5 s), and then it ends here as
   * `superseded`. With `wanted` its client may be on the way to whoever wants it: the link is then left to the client
   * for a second, who closes it once it is welcomed there. Never rejects.
   */
  handOver(deadlineMs: number, wanted = false): Promise<void> {
    this.#leaving ??= this.#handOver(deadlineMs, wanted)
    return this.#leaving
  }

  /** True if there is a journal that the session can be left to. */
  get kept(): boolean {
    return this.#keeping !== undefined && this.#lack === undefined
  }

  /** Somebody else has the session's place in the journal, and goes on with it. */
  moved(): void {
    if (!this.#machine.ended) this.#goElsewhere(sessionMoved(this.sid))
  }

  /** Client: what goes on a one-shot link when its page goes away, in at most so many bytes. */
  lastWords(auth: Json | undefined, bytesMax: number): Frame[] {
    return this.#driver.lastWords(auth, bytesMax)
  }

  /** Client: leaves the links that there are, opened or not, without a word. */
  dropLinks(): void {
    this.#driver.dropLinks()
  }

  /** True while the page may stand still at the end of this turn: what is asked for is done at once. */
  hurry(on: boolean): void {
    this.#driver.hurry(on)
  }

  /** The session has no journal, though one was asked for: says so at the end of the turn, when the application has it. */
  goWithout(failure: unknown): void {
    const error = asJournalError(failure, this.sid)
    this.#lack = error
    this.#platform.endOfTurn(() => this.warn(error))
  }

  /** Tells of what the session goes on without. */
  warn(error: LastwordError): void {
    if (!this.emit('warning', error)) this.#platform.warn(error)
  }

  /** Resolves when the session has gone into other hands; `undefined` if nobody has asked for it. */
  get leaving(): Promise<void> | undefined {
    return this.#leaving
  }

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

  /** Lets go of a session that is over, which is else kept so that its peer can ask how it ended. */
  forget(): void {
    if (!this.#machine.ended) return
    this.#driver.input({ type: 'let-go', code: 'internal', reason: 'the session is over', silent: true })
  }

  /** Sends what waits without waiting for the end of the turn. */
  flush(): void {
    this.#driver.flush()
  }

  // For the application

  /** Resolves when the journal holds everything that was accepted; at once if there is none. */
  async stored(): Promise<void> {
    if (this.#lack !== undefined) throw this.#lack
    if (this.#keeping === undefined) return
    await this.lane.submitted()
    await this.held()
  }

  /** Begins to close: `fin` follows once what was received before is answered, and what was sent before is on its way. */
  close(options: CloseOptions): Promise<CloseReport> {
    this.#closingMade.begin(options)
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

  /** Leaves the session to its journal. Resolves when it is over here, and its links with it. Never rejects. */
  async leave(deadlineMs: number): Promise<void> {
    await this.handOver(deadlineMs)
    await this.closed
  }

  // For its parts

  now(): number {
    return this.#platform.now()
  }

  endOfTurn(callback: () => void): void {
    this.#platform.endOfTurn(callback)
  }

  over(): boolean {
    return this.#machine.ended
  }

  takesMessages(): boolean {
    return this.#closing?.begun !== true && !this.#left && !this.#machine.ended
  }

  maySubmit(): boolean {
    return this.#closing?.finAsked !== true && !this.#machine.ended
  }

  peerHasClosed(): boolean {
    return this.#closing?.peerFin === true
  }

  onReplyTaken(seq: number): void {
    this.#driver.handled(seq)
  }

  submit(message: Outgoing): void {
    this.#driver.submit(message)
  }

  takeBack(message: Outgoing): void {
    this.#driver.input({ type: 'drop', message })
  }

  cancel(re: string): void {
    this.#driver.input({ type: 'cancel', re })
  }

  fateOf(message: Outgoing): Fate {
    return this.#machine.fateOf(message)
  }

  onRoom(): void {
    this.dispatcher.resume()
  }

  takesNotes(): boolean {
    return this.#machine.attached && this.#closing?.begun !== true
  }

  submitNote(text: string, payload: Uint8Array | undefined): void {
    this.#driver.input({ type: 'note', text, payload })
  }

  mayBegin(message: IncomingMessage): boolean {
    return this.#keeping === undefined || message.seq <= this.#keeping.heldGot
  }

  takesRequests(): boolean {
    return this.lane.takesRequests
  }

  answer(request: IncomingMessage, value: unknown): void | Promise<void> {
    return this.lane.answers.answer(request, value)
  }

  answerError(request: IncomingMessage, error: RemoteErrorBody): void {
    this.lane.answers.answerError(request, error)
  }

  onHandled(message: IncomingMessage): void {
    message.settle()
    this.#driver.handled(message.seq)
    this.#closing?.checkIdle()
  }

  onUnhandled(message: IncomingMessage): void {
    this.emit('unhandled', message)
  }

  onBegin({ timeoutMs = defaults.closeTimeoutMs }: CloseOptions): void {
    this.#life.closing()
    this.#driver.input({ type: 'close', timeoutMs })
  }

  fin({ code, reason }: CloseOptions): void {
    this.#driver.input({ type: 'fin', code, reason })
  }

  onlyKeptLeft(count: number): void {
    this.abort('unhandled', `${count} messages had come for which there is no handler`)
  }

  onState(state: SessionState): void {
    this.#owner.onState?.(state)
  }

  onClosed(report: CloseReport): void {
    this.#owner.onClosed?.(report)
  }

  onLinkEnd(link: LinkId, end: LinkEnd, closed: ClosedLink | undefined): void {
    this.#owner.onLinkEnd(link, end, closed)
  }

  onWritten({ state }: JournalWrite): void {
    if (this.#keeping !== undefined) this.#keeping.heldGot = state.in.got
    this.dispatcher.resume()
  }

  onJournalFailed(failure: unknown): void {
    const error = asJournalError(failure, this.sid)
    const lost = error.code === 'journal-lost'
    if (this.#machine.ended && !lost) this.onError(error)
    if (lost) return this.#goElsewhere(error)
    if (this.#keeping?.onFailure === 'go-on' && !this.#machine.ended) return void this.#goOnWithout(error)
    // The peer is told nothing: what the journal has goes on once it works again.
    this.#letGo(error, 'internal', 'its journal failed', true)
  }

  /** Something went wrong that nobody waits for. */
  onError(error: LastwordError): void {
    if (!this.emit('error', error)) this.#platform.report(error)
  }

  onOutput(output: SessionOutput<Delivery>): void {
    switch (output.type) {
      case 'message':
        return this.#onMessage(output)
      case 'handled':
        return this.lane.onHandled(output.messages)
      case 'failed':
        for (const { message, fate } of output.messages) {
          if (this.#machine.ended) this.#lost?.note(message, fate)
          this.lane.onFailed(message, fate, output.why, output.tooLarge, this.#cause)
        }
        return
      case 'note':
        if (this.#machine.ended) return
        return this.#notes?.receive(output.envelope.ch ?? '', output.payload ?? output.envelope.d)
      case 'cancel':
        return this.dispatcher.cancel(output.re)
      case 'attached':
        return this.#onAttached()
      case 'recovered':
        return this.#life.recovered()
      case 'detached':
        if (!this.#machine.ended) this.#life.detached(output.code, output.reason)
        this.#onceDetached?.()
        return this.#owner.onDetached?.()
      case 'peer-fin':
        this.#closingMade.onPeerFin()
        this.#life.closing()
        this.dispatcher.finish()
        this.lane.abandonRequests('the peer has closed')
        this.emit('closing', { code: output.code, reason: output.reason })
        return this.#closing?.checkIdle()
      case 'away': {
        // The owner moves: the link goes on until the session has another one, so that what is under way is finished.
        const { after: afterMs, reason, location } = output
        this.emit('away', { afterMs, reason, location })
        return this.#owner.onAway?.(afterMs, location)
      }
      case 'move-refused':
        return this.#owner.onMoveRefused?.()
      case 'fault': {
        const error = new ProtocolError(output.code, output.by, output.message, { sessionId: this.sid })
        this.emit('disconnected', error)
        return
      }
      case 'ended':
        return this.#onEnded(output.report)
      case 'released':
        this.#forgetKept()
        return this.#owner.onReleased()
      case 'link-close':
        return
    }
  }

  /** Nothing of the session is needed any more: the journal forgets it, unless its messages could not be saved. */
  #forgetKept(): void {
    const forget = () =>
      this.#keeping?.forget((error) => {
        // That it cannot forget either has been told with the warning.
        if (this.#lack === undefined) this.onError(asJournalError(error, this.sid))
      })
    if (this.#lost?.told === undefined) forget()
    else this.#lost.told.then(forget, () => {})
  }

  #onMessage(output: Extract<SessionOutput<Delivery>, { type: 'message' }>): void {
    const { envelope, payload, redelivered } = output
    if (envelope.re !== undefined) return this.lane.onReply(envelope, payload)
    // It came with what ended the session, whose report says that it was not handled.
    if (this.#machine.ended) return
    this.dispatcher.receive(new IncomingMessage(envelope, payload, redelivered, this))
  }

  #onAttached(): void {
    this.#owner.onAttached?.()
    this.lane.cancelAgain()
    // `welcome` answers `hello`; a server still waits for the answer to what it has said.
    this.#life.attached(this.#config.role === 'client')
  }

  #onEnded(report: CloseReport): void {
    this.#onceDetached?.()
    this.#driver.holdProcess(false)
    const why = `the session ended (${report.code}${report.reason === '' ? '' : `: ${report.reason}`})`
    const { ids, messages } = this.lane.end(why, this.#cause)
    report.notSent.push(...ids)
    for (const message of messages) this.#lost?.note(message, 'not-sent')
    this.#over = { report, at: this.#platform.now(), isClosed: false }
    this.dispatcher.abort()
    this.#life.ended(report, () => this.#whyNotOpened(why))
    if (this.#lost !== undefined && isLost(report)) {
      // Until the application has done with its messages what it will, the journal stays as it was before the end.
      void this.#driver.writer?.stop()
      this.#lost.tell(report)
    }
    this.#lost?.forget()
    // The links end first, so that whoever exits the process after closing takes nothing away. Where there is none, or
    // it is not welcomed for long, the last word is said behind the application's back.
    this.#platform.endOfTurn(() => void this.#closeBehindLinks(report))
  }

  async #closeBehindLinks(report: CloseReport): Promise<void> {
    await this.#driver.linksEnded(defaults.lingerMs)
    // The journal knows of the session's end, or has not answered for long.
    if (this.#keeping !== undefined) {
      await atMost(this.#platform, defaults.lingerMs, this.#keeping.settled())
    }
    this.#onClosed(report)
  }

  #onClosed(report: CloseReport): void {
    if (this.#over !== undefined) this.#over.isClosed = true
    this.#closed?.resolve(report)
  }

  async #handOver(deadlineMs: number, wanted: boolean): Promise<void> {
    await atMost(this.#platform, deadlineMs, this.dispatcher.pause())
    // The application is seeing to the messages of a session that is lost, and needs the journal until it has.
    if (this.#lost?.told !== undefined) return
    // What is accepted from here on would be in nobody's journal.
    this.#left = true
    this.#driver.flush()
    try {
      // A journal that does not answer must not hold up whoever waits: what it was asked to write stands or does not.
      if (this.#keeping !== undefined) {
        await atMost(this.#platform, defaults.lingerMs, this.#keeping.release())
      }
    } catch (error) {
      this.onError(asJournalError(error, this.sid))
    }
    if (wanted && this.attached) await atMost(this.#platform, moveMs, this.#detached())
    this.#goElsewhere(sessionMoved(this.sid))
  }

  /** Resolves when the session has lost its link, or is over. */
  #detached(): Promise<void> {
    return new Promise((resolve) => {
      this.#onceDetached = resolve
    })
  }

  /** Its peer is told nothing: whoever opens the journal again goes on with the session. */
  #onJournalClosed(error: LastwordError): void {
    if (this.#machine.ended || this.#lack !== undefined) return
    this.#driver.writer?.fail(error)
    this.onError(error)
    this.#letGo(error, 'internal', 'its journal was closed', true)
  }

  /** Nothing leaves until it is known what the journal still holds. */
  async #goOnWithout(error: LastwordError): Promise<void> {
    this.#lack = error
    this.warn(error)
    const forgotten = await this.#keeping?.giveUp(this.#platform)
    // A session that has ended meanwhile leaves its last link to nobody.
    const mayStand = forgotten !== true && !this.#machine.ended
    this.#driver.input({ type: 'unjournaled', mayStand })
    if (this.#keeping !== undefined) this.#keeping.heldGot = Number.POSITIVE_INFINITY
    this.dispatcher.resume()
  }

  /** Whoever has the journal now goes on with the session. */
  #goElsewhere(error: LastwordError): void {
    this.#letGo(error, 'superseded', 'the session goes on elsewhere', true)
  }

  /** The journal is not this session's any more. `silent`: the peer is told nothing. */
  #letGo(error: LastwordError, code: ResetCode, reason: string, silent: boolean): void {
    this.#keeping?.abandon(code === 'internal')
    this.#cause = error
    this.#driver.input({ type: 'let-go', code, reason, silent })
  }

  get #closingMade(): Closing {
    this.#closing ??= new Closing(this, this.#halfOpen, false)
    return this.#closing
  }

  #whyNotOpened(why: string): LastwordError {
    const cause = this.#cause ?? this.#owner.whyNotOpened?.()
    if (cause instanceof LastwordError) return cause
    return new SessionClosedError(why, { sessionId: this.sid, cause })
  }
}

/** How and when a session has ended. */
interface Over {
  readonly report: CloseReport
  readonly at: number
  /** True once its links are over too. */
  isClosed: boolean
}

const nothingRestored: readonly RestoredMessage[] = Object.freeze([])

/** How long a client that is welcomed elsewhere may take to close the link that it leaves. */
const moveMs = 1_000

function tracerOf(
  trace: SessionOptions['trace'],
  origin: Pick<TraceOrigin, 'sid' | 'side'>,
  platform: Platform,
): Tracer | undefined {
  if (trace === undefined) return undefined
  return new Tracer(typeof trace === 'function' ? { onEvent: trace } : trace, origin, platform)
}
