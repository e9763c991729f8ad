import type {
  DecodedFrame,
  Frame,
  FrameInPieces,
  HelloEnvelope,
  JournalWrite,
  Json,
  LinkId,
  OutgoingMessage,
  SessionInput,
  SessionMachine,
  SessionOutput,
} from '@lastword/protocol'
import { wholeFrame } from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import type { Sleeper } from './alarms.ts'
import { atMost } from './at-most.ts'
import { BoundLink, type BoundLinkHost, type ClosedLink, type FirstFrame } from './bound-link.ts'
import type { SessionJournal } from './journal.ts'
import { JournalWriter } from './journal-writer.ts'
import type { Platform } from './platform.ts'
import type { Tracer } from './trace.ts'

/** What the owner of a driver is told. */
export interface DriverEvents<Tag> {
  /** Every output of the machine that is not about links themselves. */
  onOutput(output: SessionOutput<Tag>): void
  /** A link is over. Called after the machine has been told. `closed`: what this side closed it with, if it did. */
  onLinkEnd(link: LinkId, end: LinkEnd, closed: ClosedLink | undefined): void
  /** This write would survive; the machine has been told. */
  onWritten(write: JournalWrite): void
  /** The journal has not taken a write, and is asked for none any more. */
  onJournalFailed(error: unknown): void
}

/**
 * Runs a session machine on links and a clock: carries its outputs out, hands its frames to the link while that is
 * writable, wakes it at its deadlines. What is given in during a turn of the event loop leaves at its end, or in portions
 * if it is much.
 */
export class SessionDriver<Tag> implements Sleeper, BoundLinkHost {
  readonly #machine: SessionMachine<Tag>
  readonly #platform: Platform
  readonly #events: DriverEvents<Tag>
  readonly #tracer: Tracer | undefined
  /** The latest link: mostly there is no other. */
  #link: BoundLink | undefined
  /** Those before it that are not over, the oldest first. Never changed in place. */
  #olderLinks: readonly BoundLink[] = noLinks
  #lastLinkId = 0
  #dispatching = false
  #flushing = false
  #flushAgain = false
  /** The time of the latest input. */
  #now = 0
  #flushScheduled = false
  /** Of messages, since the last flush. */
  #submittedBytes = 0
  #flushSoonScheduled = false
  #hurried = false
  /** When it wakes; `undefined` for never. Whole, and no `Infinity`: a fraction is an object of its own. */
  #armedAt: number | undefined
  #holding = false
  /** Cancels its own timer, if it has one. */
  #disarm: (() => void) | undefined
  alarmIndex = -1
  /** Writes what the machine wants to survive, if there is a journal. */
  readonly writer: JournalWriter | undefined

  constructor(
    machine: SessionMachine<Tag>,
    platform: Platform,
    events: DriverEvents<Tag>,
    tracer: Tracer | undefined,
    journal: SessionJournal | undefined,
  ) {
    this.#machine = machine
    this.#platform = platform
    this.#events = events
    this.#tracer = tracer
    if (journal === undefined) return
    this.writer = new JournalWriter(journal, {
      take: () => this.#machine.takeJournalWrite(),
      onWritten: (write) => {
        this.input({ type: 'journaled', write: write.number })
        this.#events.onWritten(write)
        // What waited for it has waited long enough.
        this.flush()
      },
      onFailed: (error) => this.#events.onJournalFailed(error),
    })
  }

  /** Carries out what came of restoring the machine, and has its first state written. */
  begin(): void {
    this.#dispatch()
    this.flush()
  }

  nextLinkId(): LinkId {
    return ++this.#lastLinkId
  }

  /** Gives an input in, carries out what comes of it at once, and sends at the end of the turn. */
  input(input: SessionInput<Tag>): void {
    // Also while outputs are carried out: a handler may have taken its time before it closes the session.
    this.#now = this.#platform.now()
    this.#machine.handle(input, this.#now)
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Gives a message in that is to be sent. */
  submit(message: OutgoingMessage<Tag>): void {
    this.#flushIfMuch()
    this.#submittedBytes += message.bytes
    this.#machine.send(message)
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** The application has finished with a message. */
  handled(seq: number): void {
    // What is handled while outputs are carried out is so when they came: it costs no look at the clock each.
    if (!this.#dispatching) this.#now = this.#platform.now()
    this.#machine.handled(seq, this.#now)
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Client: puts a link that was started by a `link-start` input into service. */
  bind(id: LinkId, link: Link, first: FirstFrame): void {
    const bound = new BoundLink(this, id, link, first)
    this.#add(bound)
    if (first.early && first.frame !== undefined) this.#tracer?.frame('out', id, first.frame)
    link.attach(bound)
  }

  /** Server: puts a link in service that is open and has said `hello`. Its events must be forwarded to what is returned. */
  accept(link: Link, hello: HelloEnvelope, rest: DecodedFrame, bytes: number): LinkEvents {
    const id = this.nextLinkId()
    const bound = new BoundLink(this, id, link, undefined)
    bound.opened = true
    this.#add(bound)
    this.#tracer?.linkOpened(id)
    this.#tracer?.envelopes('in', id, [hello, ...rest.envelopes], bytes)
    this.input({ type: 'link-accept', link: id, hello })
    this.input({ type: 'decoded', link: id, decoded: rest, bytes })
    return bound
  }

  /** While somebody waits for the session's end, its deadlines keep the process alive. */
  holdProcess(hold: boolean): void {
    if (this.#holding === hold) return
    this.#stopTimer()
    this.#holding = hold
    this.#arm()
  }

  /** Client: what goes on a one-shot link now that its page goes away. */
  lastWords(auth: Json | undefined, bytesMax: number): Frame[] {
    const link = this.nextLinkId()
    const frames = this.#machine.lastWords({ link, auth, bytesMax }, this.#platform.now())
    for (const frame of frames) this.#tracer?.frame('out', link, frame)
    this.#dispatch()
    return frames
  }

  /** Nothing is said on any link any more; each ends as one that is lost. */
  dropLinks(): void {
    for (const { link } of this.#links) link.abort()
  }

  /** While there may be no end of this turn, what waits for it is sent and written at once. */
  hurry(on: boolean): void {
    this.#hurried = on
    if (on) this.flush()
  }

  /** Sends what waits now, without waiting for the end of the turn. */
  flush(): void {
    if (this.#flushing) {
      // A link that has room again while it is given a frame gets the next one behind that, and not before it.
      this.#flushAgain = true
      return
    }
    this.#flushing = true
    try {
      this.#flushAll()
    } finally {
      this.#flushing = false
    }
  }

  #flushAll(): void {
    this.#submittedBytes = 0
    // What changed in one turn is one write: a reply stands in the journal together with what it answers.
    this.writer?.pump()
    do {
      this.#flushAgain = false
      for (const bound of this.#olderLinks) this.#sendOn(bound)
      if (this.#link !== undefined) this.#sendOn(this.#link)
    } while (this.#dispatch() || this.#flushAgain)
    this.writer?.pump()
    this.#arm()
  }

  /**
   * Resolves when every link that is being ended is over. One that is still being opened gets the last word once it
   * is welcomed, so that it is not ended here; it is waited for, but no longer than `welcomeMs`.
   */
  async linksEnded(welcomeMs: number): Promise<void> {
    const links = this.#links
    // Mostly it is the one that the last word was said on, or there is none any more.
    if (links.length === 0) return
    if (links.length === 1 && links[0]?.ended !== undefined) return void (await links[0].ended)
    const closing = links.filter((bound) => bound.closing)
    await Promise.all(closing.map((bound) => bound.ended ?? bound.link.close(1000, '')))
    // One that has ended meanwhile tells nobody any more.
    const opening = links.filter((bound) => !bound.closing && this.#links.includes(bound))
    if (opening.length === 0) return
    await atMost(this.#platform, welcomeMs, Promise.all(opening.map((bound) => bound.over)), false)
  }

  /** For a bound link: it is open. */
  linkOpened(bound: BoundLink): void {
    const { id, link, first } = bound
    bound.opened = true
    this.#tracer?.linkOpened(id)
    const frame = first?.early ? undefined : first?.frame
    if (frame !== undefined && !bound.closing) {
      this.#tracer?.frame('out', id, frame)
      link.send(frame)
    }
    this.input({ type: 'link-open', link: id, early: first?.early !== false })
  }

  /** For a bound link: a frame came. */
  frameCame(id: LinkId, frame: Frame, bytes: number): void {
    this.#tracer?.frame('in', id, frame, bytes)
    this.#flushSoon()
    this.input({ type: 'frame', link: id, frame, bytes })
  }

  /** For a bound link: it is over. */
  linkEnded(bound: BoundLink, end: LinkEnd): void {
    const rest = this.#links.filter((one) => one !== bound)
    this.#link = rest.pop()
    this.#olderLinks = rest.length === 0 ? noLinks : rest
    this.#tracer?.linkEnded(bound.id, end)
    this.input({
      type: 'link-end',
      link: bound.id,
      code: end.code,
      reason: end.reason,
      clean: end.clean,
      neverLeft: bound.neverLeft(end),
    })
    this.#events.onLinkEnd(bound.id, end, bound.closed)
  }

  /** One of its deadlines may be due. */
  wake(): void {
    this.#armedAt = undefined
    this.input({ type: 'timeout' })
  }

  /** Carries out the machine's outputs in order; one that leads to new inputs does not overtake those before it. */
  #dispatch(): boolean {
    if (this.#dispatching) return false
    this.#dispatching = true
    let any = false
    try {
      for (;;) {
        const outputs = this.#machine.takeOutputs()
        if (outputs.length === 0) return any
        any = true
        for (const output of outputs) {
          if (output.type === 'link-close') this.#closeLink(output)
          else this.#tell(output)
        }
      }
    } finally {
      this.#dispatching = false
    }
  }

  /** What goes wrong with one output must not take away those behind it. */
  #tell(output: SessionOutput<Tag>): void {
    try {
      this.#events.onOutput(output)
    } catch (error) {
      this.#platform.report(error)
    }
  }

  /** All links that are not over, the oldest first. */
  get #links(): readonly BoundLink[] {
    return this.#link === undefined ? this.#olderLinks : [...this.#olderLinks, this.#link]
  }

  #add(bound: BoundLink): void {
    if (this.#link !== undefined) this.#olderLinks = this.#links
    this.#link = bound
  }

  #sendOn(bound: BoundLink): void {
    let frame = this.#nextFrame(bound)
    while (frame !== undefined) {
      this.#tracer?.frame('out', bound.id, wholeFrame(frame))
      // The next one is asked for before this one goes, so that the link knows whether to wait for it.
      const next = this.#nextFrame(bound)
      bound.send(frame, next === undefined)
      frame = next
    }
  }

  #nextFrame(bound: BoundLink): Frame | FrameInPieces | undefined {
    const { opened, closing, link, id } = bound
    return opened && !closing && link.writable ? this.#machine.pollPiecesOf(id) : undefined
  }

  #closeLink(output: Extract<SessionOutput<Tag>, { type: 'link-close' }>): void {
    const bound =
      this.#link?.id === output.link ? this.#link : this.#olderLinks.find(({ id }) => id === output.link)
    if (bound === undefined || bound.closing) return
    bound.closed = { code: output.code, reason: output.reason }
    if (!bound.opened) return bound.link.abort()
    if (output.last !== undefined) {
      this.#tracer?.frame('out', bound.id, output.last)
      bound.link.send(output.last)
    }
    bound.ended = bound.link.close(output.code, output.reason, { peerDone: output.peerDone })
  }

  /**
   * Before the next message: sends what was given in since the last time if that is a quarter of what is under way. The
   * peer then has something to do while this side goes on; if each sends all that it has at the end of its turn, they work
   * in turns, one waiting for the other. With a journal what changed in one turn stays together.
   */
  #flushIfMuch(): void {
    if (this.#submittedBytes < portionBytesMin || this.writer !== undefined) return
    if (this.#submittedBytes >= Math.min(this.#machine.retainedBytes / 4, portionBytesMax)) this.flush()
  }

  #scheduleFlush(): void {
    // Mostly so before a session has its link, and once the last word is said. Each end of a turn is a turn more.
    if (this.#sendsNowhere && this.writer === undefined) return this.#arm()
    if (this.#flushScheduled && !this.#hurried) return
    this.#flushLater()
  }

  /**
   * What a frame brought about leaves before the next piece of what has arrived is looked at, so that the peer can go on
   * while this side does: with the end of the turn as well the two took turns, and a reply waited for nothing.
   */
  #flushSoon(): void {
    const { endOfCallback } = this.#platform
    if (endOfCallback === undefined || this.#flushSoonScheduled) return
    this.#flushSoonScheduled = true
    this.#flushScheduled = true
    endOfCallback(() => {
      this.#flushSoonScheduled = false
      this.#flushScheduled = false
      if (this.#machine.presses) this.flush()
      else this.#scheduleFlush()
    })
  }

  /** True if no link takes a frame, however much waits. */
  get #sendsNowhere(): boolean {
    const link = this.#link
    return (link === undefined || link.closing || !link.opened) && this.#olderLinks === noLinks
  }

  /** Apart from who asks for it with each message: a function in there would be made each time that it is entered. */
  #flushLater(): void {
    if (this.#hurried) return queueMicrotask(() => this.flush())
    this.#flushScheduled = true
    this.#platform.endOfTurn(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  /** Keeps one alarm. One that goes too early finds nothing due and is set anew: cheaper than setting it for each frame. */
  #arm(): void {
    const at = Math.ceil(this.#machine.nextTimeout())
    if (this.#armedAt !== undefined && at >= this.#armedAt && at !== Number.POSITIVE_INFINITY) return
    this.#stopTimer()
    if (at === Number.POSITIVE_INFINITY) return
    this.#armedAt = at
    const { alarms } = this.#platform
    if (alarms !== undefined && !this.#holding) return alarms.set(this, at)
    const ms = Math.max(0, Math.ceil(at - this.#platform.now()))
    this.#disarm = this.#platform.setTimer(ms, () => this.wake(), this.#holding)
  }

  #stopTimer(): void {
    this.#armedAt = undefined
    this.#disarm?.()
    this.#disarm = undefined
    if (this.alarmIndex >= 0) this.#platform.alarms?.clear(this)
  }
}

const noLinks: readonly never[] = []

/** So much at least makes a frame worth its write; so much is a few frames. */
const portionBytesMin = 4 * 1024
const portionBytesMax = 32 * 1024
