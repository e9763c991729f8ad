import { decodeFrame } from '../../src/decode.ts'
import type { DecodedFrame, Envelope, Frame, HelloEnvelope } from '../../src/envelope.ts'
import type { OneShot } from '../../src/last-words.ts'
import type { SessionInput, SessionOutput } from '../../src/session-io.ts'
import type { SessionMachine } from '../../src/session-machine.ts'
import { utf8Length } from '../../src/utf8.ts'
import type { Appointment } from './clock.ts'
import type { Disk } from './disk.ts'
import { JournalTruth } from './journal-truth.ts'
import type { Ledger } from './ledger.ts'
import type { End, EndEvents, EndReport } from './network.ts'
import type { Sent } from './sent.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'

export type Output = SessionOutput<Sent>
export type Input = SessionInput<Sent>

/** What the simulation asks of a machine: all that a driver does. A planted fault stands between the two. */
export type Machine = Pick<
  SessionMachine<Sent>,
  | 'handle'
  | 'takeOutputs'
  | 'pollFrame'
  | 'pollFrameOf'
  | 'nextTimeout'
  | 'ended'
  | 'attached'
  | 'wantsLink'
  | 'welcomed'
  | 'retainedBytes'
  | 'takeJournalWrite'
> & {
  /** Of a client: what goes on a one-shot link when its page goes away. `gone`: for good. */
  lastWords(oneShot: OneShot, now: number, gone?: boolean): Frame[]
}

interface BoundLink {
  id: number
  end: End
  /** What was polled before the link was open. */
  first: Frame | undefined
  early: boolean
  opened: boolean
  closing: boolean
}

/** Runs one machine on the simulated network, as a driver does on a real one: all frames of a turn leave at its end. */
export class Endpoint {
  readonly side: 'client' | 'server'
  readonly machine: Machine
  readonly ledger: Ledger
  onOutput: ((output: Output) => void) | undefined
  /** After each turn: the moment to look whether a link is wanted. */
  onTurn: (() => void) | undefined
  released = false
  /** True once its process is gone: nothing reaches it, and nothing comes of it, any more. */
  dead = false
  /** True once something that it gave to its journal would survive. */
  written = false
  /** True once its journal has failed. */
  unjournaled = false
  readonly disk: Disk | undefined
  readonly #truth: JournalTruth | undefined
  /** Server: when the session last had a link; the truth behind `expired`. */
  detachedAt = 0
  readonly #world: World
  readonly #links = new Map<number, BoundLink>()
  #current: BoundLink | undefined
  #lastLinkId = 0
  #dispatching = false
  #flushDue = false
  #timer: Appointment | undefined
  #idleTimeouts = 0
  #wasAttached = false
  #journalIsGone = false

  constructor(
    world: World,
    side: 'client' | 'server',
    machine: Machine,
    ledger: Ledger,
    disk: Disk | undefined,
  ) {
    this.#world = world
    this.side = side
    this.machine = machine
    this.ledger = ledger
    this.disk = disk
    this.#truth = disk === undefined ? undefined : new JournalTruth(ledger, disk)
    this.detachedAt = world.clock.now
  }

  /** What its process has in mind to do: nothing comes of it if that is gone by then. */
  after(ms: number, run: () => void): Appointment {
    return this.#world.clock.after(ms, () => {
      if (!this.dead) run()
    })
  }

  /** Its process is gone. */
  die(): void {
    this.dead = true
    this.#links.clear()
    this.#current = undefined
    if (this.#timer !== undefined) this.#timer.run = undefined
  }

  /** A restored machine has things to say before anything happens to it. */
  begin(): void {
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** True while more than one link stands open: one takes the place of another. */
  get takingOver(): boolean {
    return this.#links.size > 1
  }

  nextLinkId(): number {
    return ++this.#lastLinkId
  }

  get current(): End | undefined {
    return this.#current?.end
  }

  input(input: Input): void {
    if (this.dead) return
    if (input.type === 'handled') this.ledger.in.beforeHandledInput(input.seq)
    this.machine.handle(input, this.#world.clock.now)
    this.#noteAttachment()
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Client: puts a link into service whose `link-start` was given in, and whose first frame may have been polled. */
  bind(id: number, connect: (events: EndEvents) => End, first: Frame | undefined, early: boolean): void {
    const bound = { id, first, early, opened: false, closing: false } as BoundLink
    bound.end = connect(this.#eventsOf(bound))
    this.#links.set(id, bound)
    // While the session is attached to another link it stays there.
    if (!this.machine.attached) this.#current = bound
  }

  /** Server: puts a link into service that has said `hello`. */
  accept(end: End, hello: HelloEnvelope, rest: Envelope[], bytes: number): void {
    const id = this.nextLinkId()
    const bound: BoundLink = { id, end, first: undefined, early: false, opened: true, closing: false }
    this.#links.set(id, bound)
    const before = this.#current
    this.#current = bound
    end.events = this.#eventsOf(bound)
    this.ledger.in.onFrameArrived(rest)
    if (this.#truth !== undefined && hello.link > this.#truth.acceptedLink)
      this.#truth.acceptedLink = hello.link
    this.#world.crashes.moment(this, 'hello accepted')
    this.input({ type: 'link-accept', link: id, hello })
    // The machine may refuse it, and go on with the link that it has.
    if (bound.closing && before !== undefined && !before.closing) this.#current = before
    const decoded: DecodedFrame = { envelopes: rest, payload: undefined }
    if (rest.length > 0) this.input({ type: 'decoded', link: id, decoded, bytes })
  }

  #eventsOf(bound: BoundLink): EndEvents {
    const { id } = bound
    return {
      onOpen: () => {
        bound.opened = true
        this.#world.statistics.count('link opened')
        if (!bound.early && bound.first !== undefined && !bound.closing) this.#transmit(bound, bound.first)
        this.input({ type: 'link-open', link: id })
      },
      onFrame: (frame) => {
        this.#world.traceFrame(bound.end.other.side, bound.end.name, true, frame)
        if (bound === this.#current || !bound.closing) this.ledger.in.onFrameArrived(tryRead(frame))
        this.input({ type: 'frame', link: id, frame, bytes: this.#world.wireBytes(frame) })
      },
      onDrain: () => this.flush(),
      onEnd: (end) => this.#onEnd(bound, end),
    }
  }

  #onEnd(bound: BoundLink, end: EndReport): void {
    this.#links.delete(bound.id)
    if (this.#current === bound) this.#current = [...this.#links.values()].find((other) => !other.closing)
    const { code, reason, clean } = end
    const neverLeft = !end.opened && (!bound.early || end.unreachable)
    this.#world.say(`${this.ledger.name} ${bound.end.name}`, `over, ${code}${clean ? ' clean' : ''}`)
    this.input({ type: 'link-end', link: bound.id, code, reason, clean, neverLeft })
  }

  flush(): void {
    if (this.dead) return
    this.#flushDue = false
    this.#write()
    for (;;) {
      for (const bound of this.#links.values()) {
        while (bound.opened && !bound.closing && bound.end.writable && bound.end.state === 'open') {
          const frame = this.poll(bound.id)
          if (frame === undefined) break
          this.polled(frame)
          this.#transmit(bound, frame)
        }
      }
      if (!this.#dispatch()) break
    }
    this.#write()
    this.ledger.out.checkRetained(this.machine.retainedBytes)
    this.#arm()
    this.onTurn?.()
  }

  /** The next frame for a link, whether it is the session's or the next one. */
  poll(link: number, bytesMax?: number): Frame | undefined {
    if (link === this.#current?.id) return this.machine.pollFrame(bytesMax)
    return this.machine.pollFrameOf(link, bytesMax)
  }

  /**
   * The page goes away: its link is abandoned, and what is left to say goes with `post`. It is restored at once, unless
   * it has gone for good.
   */
  leavePage(bytesMax: number, gone: boolean, post: (frames: Frame[]) => End): void {
    if (this.dead || this.released) return
    const oneShot = { link: this.nextLinkId(), auth: undefined, bytesMax }
    const frames = this.machine.lastWords(oneShot, this.#world.clock.now, gone)
    this.#world.say(this.ledger.name, `goes away, and leaves ${frames.length} frames`)
    for (const bound of this.#links.values()) {
      bound.closing = true
      bound.end.abort()
    }
    this.#current = undefined
    for (const frame of frames) this.polled(frame)
    const end = post(frames)
    for (const frame of frames) this.transmitted(end, frame)
    if (gone) return this.die()
    this.#dispatch()
    this.#scheduleFlush()
  }

  /** Gives to the journal what has changed, if it has nothing else to do. */
  #write(): void {
    const { disk } = this
    if (disk === undefined || this.released || this.unjournaled) return
    const write = this.machine.takeJournalWrite()
    if (write === undefined) return
    this.#truth?.onWrite(write)
    this.#world.say(this.ledger.name, `writes ${write.number}`)
    disk.write(write, () => {
      if (this.dead) return
      this.written = true
      this.#world.crashes.moment(this, 'write synced')
      this.#world.say(this.ledger.name, `has written ${write.number}`)
      this.input({ type: 'journaled', write: write.number })
    })
    this.#world.crashes.moment(this, 'write begun')
  }

  /** The journal takes nothing any more. For a moment nobody knows whether it can be made to forget the session. */
  failJournal(mayStand: boolean): void {
    const { disk } = this
    if (this.dead || this.released || disk === undefined || this.machine.ended) return
    this.unjournaled = true
    disk.fail()
    this.#world.say(
      this.ledger.name,
      `has no journal any more, and it ${mayStand ? 'may hold' : 'has forgotten'} the session`,
    )
    this.after(20, () => {
      if (this.machine.ended) return
      if (!mayStand) disk.discard()
      this.#world.statistics.count(
        mayStand ? 'journal failed and may hold the session' : 'journal failed and forgot the session',
      )
      this.#journalIsGone = true
      this.input({ type: 'unjournaled', mayStand })
    })
  }

  /** A frame has come out of the machine. */
  polled(frame: Frame): void {
    const decoded = readFrame(frame)
    if (!this.#journalIsGone) this.#truth?.onPolled(decoded)
    this.ledger.onPolled(frame, decoded)
  }

  #transmit(bound: BoundLink, frame: Frame): void {
    this.transmitted(bound.end, frame)
    bound.end.send(frame)
  }

  /** A frame is on its way. */
  transmitted(end: End, frame: Frame): void {
    this.ledger.out.onTransmitted(readFrame(frame))
    this.#world.crashes.moment(this, 'frame sent')
    this.#world.traceFrame(this.side, end.name, false, frame)
  }

  #dispatch(): boolean {
    if (this.#dispatching) return false
    this.#dispatching = true
    let any = false
    try {
      for (;;) {
        const outputs = this.machine.takeOutputs()
        if (outputs.length === 0) return any
        any = true
        for (const output of outputs) this.#carryOut(output)
      }
    } finally {
      this.#dispatching = false
    }
  }

  #carryOut(output: Output): void {
    if (output.type === 'link-close') return this.#closeLink(output)
    if (output.type === 'released') {
      this.released = true
      this.disk?.erase()
    }
    if (output.type === 'ended' && output.report.clean && this.machine.welcomed && !this.unjournaled)
      this.#truth?.onCleanEnd()
    if (output.type === 'attached') this.#current = this.#links.get(output.link)
    this.#world.onOutput(this, output, this.#current?.end)
    this.ledger.onOutput(output)
    this.onOutput?.(output)
  }

  #closeLink(output: Extract<Output, { type: 'link-close' }>): void {
    const bound = this.#links.get(output.link)
    if (bound === undefined || bound.closing) return
    bound.closing = true
    this.#world.say(`${this.ledger.name} ${bound.end.name}`, `closes, ${output.code} ${output.reason}`)
    this.#world.onLinkClose(this.side, output.code, output.link === this.#lastLinkId)
    if (output.last !== undefined && bound.opened) {
      this.polled(output.last)
      this.#transmit(bound, output.last)
    }
    bound.end.close(output.code, output.reason)
  }

  #noteAttachment(): void {
    const attached = this.machine.attached
    if (this.#wasAttached && !attached) this.detachedAt = this.#world.clock.now
    this.#wasAttached = attached
  }

  #scheduleFlush(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    this.after(0, () => this.flush())
  }

  #arm(): void {
    const at = this.machine.nextTimeout()
    if (this.#timer?.run !== undefined && this.#timer.time === at) return
    if (this.#timer !== undefined) this.#timer.run = undefined
    this.#timer = undefined
    if (at === Number.POSITIVE_INFINITY) return
    const { clock } = this.#world
    this.#idleTimeouts = at <= clock.now ? this.#idleTimeouts + 1 : 0
    demand(this.#idleTimeouts < 10, 'liveness', () => `${this.side}: nextTimeout() stays in the past`)
    this.#timer = clock.at(at, () => this.input({ type: 'timeout' }))
  }
}

/** What a frame says, whoever reads it: the world has no limits. */
export function readFrame(frame: Frame): DecodedFrame {
  const known = lastRead
  if (known !== undefined && known.frame === frame) return known.decoded
  const decoded = decodeFrame(frame, 0, { frameBytesMax: Number.POSITIVE_INFINITY })
  lastRead = { frame, decoded }
  return decoded
}

/** Nothing for what cannot be read: the machine will say so. */
function tryRead(frame: Frame): Envelope[] {
  try {
    return readFrame(frame).envelopes
  } catch {
    return []
  }
}

let lastRead: { frame: Frame; decoded: DecodedFrame } | undefined

export function frameBytes(frame: Frame): number {
  return typeof frame === 'string' ? utf8Length(frame) : frame.byteLength
}
