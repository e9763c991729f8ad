import type {
  DecodedFrame,
  Frame,
  HelloEnvelope,
  JournalWrite,
  Json,
  LinkId,
  OutgoingMessage,
  SessionInput,
  SessionMachine,
  SessionOutput,
} from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import { atMost } from './at-most.ts'
import type { SessionJournal } from './journal.ts'
import { JournalWriter } from './journal-writer.ts'
import { requestNeverLeft } from './never-left.ts'
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

/** How a client's link is bound: what was polled for it before it was opened. */
export interface FirstFrame {
  frame: Frame | undefined
  /** True if the frame travels with the upgrade request; else it is sent as soon as the link is open. */
  early: boolean
}

/** Why this side ended a link, in the words of its close frame. */
export interface ClosedLink {
  code: number
  reason: string
}

/**
 * Runs a session machine on links and a clock: carries its outputs out, hands its frames to the link while that is
 * writable, wakes it at its deadlines. All frames of a turn of the event loop leave together at its end.
 */
export class SessionDriver<Tag> {
  readonly #machine: SessionMachine<Tag>
  readonly #platform: Platform
  readonly #events: DriverEvents<Tag>
  readonly #tracer: Tracer | undefined
  readonly #links = new Map<LinkId, BoundLink>()
  #lastLinkId = 0
  #dispatching = false
  /** The time of the latest input. */
  #now = 0
  #flushScheduled = false
  #hurried = false
  #armedAt = Number.POSITIVE_INFINITY
  #holding = false
  #disarm: (() => void) | undefined
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
    // What the application does while outputs are carried out happens when they came: it costs no look at the clock each.
    if (!this.#dispatching) this.#now = this.#platform.now()
    this.#machine.handle(input, this.#now)
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Gives a message in, as a `send` input, in which no time matters. */
  submit(message: OutgoingMessage<Tag>): void {
    this.#machine.handle({ type: 'send', message }, this.#now)
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Client: puts a link that was started by a `link-start` input into service. */
  bind(id: LinkId, link: Link, first: FirstFrame): void {
    const bound = boundLink(id, link, first)
    this.#links.set(id, bound)
    if (first.early && first.frame !== undefined) this.#tracer?.frame('out', id, first.frame)
    link.attach(this.#linkEvents(bound))
  }

  /** Server: puts a link in service that is open and has said `hello`. Its events must be forwarded to what is returned. */
  accept(link: Link, hello: HelloEnvelope, rest: DecodedFrame, bytes: number): LinkEvents {
    const id = this.nextLinkId()
    const bound = boundLink(id, link, undefined)
    bound.opened = true
    this.#links.set(id, bound)
    this.#tracer?.linkOpened(id)
    this.#tracer?.envelopes('in', id, [hello, ...rest.envelopes], bytes)
    this.input({ type: 'link-accept', link: id, hello })
    this.input({ type: 'decoded', link: id, decoded: rest, bytes })
    return this.#linkEvents(bound)
  }

  /** While somebody waits for the session's end, its deadlines keep the process alive. */
  holdProcess(hold: boolean): void {
    if (this.#holding === hold) return
    this.#holding = hold
    this.#disarm?.()
    this.#disarm = undefined
    this.#armedAt = Number.POSITIVE_INFINITY
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
    for (const { link } of [...this.#links.values()]) link.abort()
  }

  /** While there may be no end of this turn, what waits for it is sent and written at once. */
  hurry(on: boolean): void {
    this.#hurried = on
    if (on) this.flush()
  }

  /** Sends what waits now, without waiting for the end of the turn. */
  flush(): void {
    // What changed in one turn is one write: a reply stands in the journal together with what it answers.
    this.writer?.pump()
    do {
      for (const bound of this.#links.values()) {
        while (bound.opened && !bound.closing && bound.link.writable) {
          const frame = this.#machine.pollFrameOf(bound.id)
          if (frame === undefined) break
          this.#tracer?.frame('out', bound.id, frame)
          bound.link.send(frame)
        }
      }
    } while (this.#dispatch())
    this.writer?.pump()
    this.#arm()
  }

  /**
   * Resolves when every link that is being ended is over. One that is still being opened gets the last word once it
   * is welcomed, so that it is not ended here; it is waited for, but no longer than `welcomeMs`.
   */
  async linksEnded(welcomeMs: number): Promise<void> {
    const links = [...this.#links.values()]
    const closing = links.filter((bound) => bound.closing)
    await Promise.all(closing.map((bound) => bound.ended ?? bound.link.close(1000, '')))
    const opening = links.filter((bound) => !bound.closing)
    if (opening.length === 0) return
    await atMost(this.#platform, welcomeMs, Promise.all(opening.map((bound) => bound.over)), false)
  }

  #linkEvents(bound: BoundLink): LinkEvents {
    return {
      onOpen: () => {
        bound.opened = true
        this.#tracer?.linkOpened(bound.id)
        const frame = bound.first?.early ? undefined : bound.first?.frame
        if (frame !== undefined && !bound.closing) {
          this.#tracer?.frame('out', bound.id, frame)
          bound.link.send(frame)
        }
        this.input({ type: 'link-open', link: bound.id, early: bound.first?.early !== false })
      },
      onFrame: (frame, bytes) => {
        this.#tracer?.frame('in', bound.id, frame, bytes)
        this.input({ type: 'frame', link: bound.id, frame, bytes })
      },
      onDrain: () => this.flush(),
      onEnd: (end) => {
        this.#links.delete(bound.id)
        this.#tracer?.linkEnded(bound.id, end)
        this.input({
          type: 'link-end',
          link: bound.id,
          code: end.code,
          reason: end.reason,
          clean: end.clean,
          neverLeft: neverLeft(bound, end),
        })
        this.#events.onLinkEnd(bound.id, end, bound.closed)
        bound.resolveOver()
      },
    }
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

  #closeLink(output: Extract<SessionOutput<Tag>, { type: 'link-close' }>): void {
    const bound = this.#links.get(output.link)
    if (bound === undefined || bound.closing) return
    bound.closing = true
    bound.closed = { code: output.code, reason: output.reason }
    if (!bound.opened) return bound.link.abort()
    if (output.last !== undefined) {
      this.#tracer?.frame('out', bound.id, output.last)
      bound.link.send(output.last)
    }
    bound.ended = bound.link.close(output.code, output.reason, { peerDone: output.peerDone })
  }

  #scheduleFlush(): void {
    if (this.#hurried) return queueMicrotask(() => this.flush())
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#platform.endOfTurn(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  /** Keeps one timer. One that fires too early finds nothing due and is set anew: cheaper than setting it for each frame. */
  #arm(): void {
    const at = this.#machine.nextTimeout()
    if (at >= this.#armedAt && at !== Number.POSITIVE_INFINITY) return
    this.#disarm?.()
    this.#disarm = undefined
    this.#armedAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const ms = Math.max(0, Math.ceil(at - this.#platform.now()))
    this.#disarm = this.#platform.setTimer(
      ms,
      () => {
        this.#armedAt = Number.POSITIVE_INFINITY
        this.input({ type: 'timeout' })
      },
      this.#holding,
    )
  }
}

interface BoundLink {
  readonly id: LinkId
  readonly link: Link
  readonly first: FirstFrame | undefined
  opened: boolean
  closing: boolean
  closed?: ClosedLink
  ended?: Promise<LinkEnd>
  /** Resolves when the link is over, whoever ended it. */
  readonly over: Promise<void>
  readonly resolveOver: () => void
}

function boundLink(id: LinkId, link: Link, first: FirstFrame | undefined): BoundLink {
  let resolveOver!: () => void
  const over = new Promise<void>((resolve) => {
    resolveOver = resolve
  })
  return { id, link, first, opened: false, closing: false, over, resolveOver }
}

/** True if nothing that was polled for the link can have reached anybody. */
function neverLeft(bound: BoundLink, end: LinkEnd): boolean {
  if (end.opened) return false
  return !bound.first?.early || requestNeverLeft(end)
}
