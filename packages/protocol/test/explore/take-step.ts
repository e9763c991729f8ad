import { encodeMessage } from '../../src/encode.ts'
import type { Envelope, HelloEnvelope } from '../../src/envelope.ts'
import type { Fate } from '../../src/errors.ts'
import { defaults, limits } from '../../src/limits.ts'
import type { CloseReport } from '../../src/report.ts'
import type { SessionInput, SessionOutput } from '../../src/session-io.ts'
import { demand } from '../sim/violation.ts'
import type { FrameId, Frames } from './frames.ts'
import type { Plan } from './plan.ts'
import { indexIn, payloadText, type Role, type Sent, type Side } from './side.ts'
import { type Effect, endParts, partsOf, type Step } from './step.ts'

/** The longest first frame that fits into the upgrade request. */
const earlyBytesMax = Math.floor((limits.earlyCharsMax * 3) / 4)

/**
 * Lets one thing happen to one side, as a driver and an application would. Returns what it puts on the network.
 *
 * @throws Violation if what the machine does breaks a promise that can be seen from this side alone
 */
export function takeStep(side: Side, step: Step, frames: Frames, plan: Plan): Effect[] {
  return new StepTaker(side, frames, plan).take(step)
}

class StepTaker {
  readonly #side: Side
  readonly #frames: Frames
  readonly #plan: Plan
  readonly #effects: Effect[] = []

  constructor(side: Side, frames: Frames, plan: Plan) {
    this.#side = side
    this.#frames = frames
    this.#plan = plan
  }

  take(step: Step): Effect[] {
    const side = this.#side
    const { kind, link, arg } = partsOf(step)
    switch (kind) {
      case 'send':
        this.#sendPlanned()
        break
      case 'cancel': {
        const asked = side.sent.find((sent) => sent.ask) as Sent
        side.cancelled = true
        this.#input({ type: 'cancel', re: asked.id })
        break
      }
      case 'finish':
        this.#finish(arg)
        break
      case 'close':
        side.closed = true
        side.handledWhileClosing ??= []
        this.#input({ type: 'close', timeoutMs: Number.POSITIVE_INFINITY })
        this.#sayFin()
        break
      case 'abort':
        side.aborted = true
        this.#input({ type: 'abort', code: 'aborted', reason: '' })
        break
      case 'time':
        side.now = side.machine.nextTimeout()
        this.#input({ type: 'timeout' })
        side.releasedInTime = side.released
        break
      case 'start early':
      case 'start held':
        side.links++
        this.#input({ type: 'link-start', link })
        this.#first(link, kind === 'start early')
        break
      case 'open':
        side.openLinks.push(link)
        if (arg > 0) this.#transmitted(arg)
        this.#input({ type: 'link-open', link })
        break
      case 'poll': {
        const frame = side.machine.pollFrameOf(link)
        if (frame !== undefined) this.#put(link, this.#polled(frame))
        break
      }
      case 'accept':
        this.#accept(link, arg)
        break
      case 'frame':
        this.#input({ type: 'frame', link, frame: this.#frames.of(arg), bytes: this.#frames.bytes(arg) })
        break
      case 'end':
        this.#forgetLink(link)
        this.#input({ type: 'link-end', link, reason: '', ...endParts(arg) })
        break
      case 'written':
        side.writing = 0
        this.#input({ type: 'journaled', write: arg })
        break
    }
    this.#checkRetained()
    if (side.writing === 0) side.writing = side.machine.takeJournalWrite()?.number ?? 0
    return this.#effects
  }

  #input(input: SessionInput<number>): void {
    const { machine, now } = this.#side
    machine.handle(input, now)
    for (const output of machine.takeOutputs()) this.#onOutput(output)
  }

  // The application

  #sendPlanned(): void {
    const plan = this.#plan[this.#side.role].sends[this.#side.planned++]
    if (plan === undefined) throw new Error('everything has been sent')
    this.#send(plan.id, { ask: plan.ask === true, asBytes: plan.bytes === true })
  }

  #send(id: string, how: { re?: string; ask?: boolean; asBytes?: boolean }): void {
    const index = this.#side.sent.length
    const { re, ask = false, asBytes = false } = how
    const content = asBytes ? { payload: Uint8Array.of(index) } : { text: payloadText(index) }
    const message = encodeMessage(id, { re, ask, ...content }, index)
    const sent: Sent = { id, ask, bytes: message.bytes, polled: false, transmitted: false, fate: undefined }
    this.#side.sent.push(sent)
    this.#input({ type: 'send', message })
  }

  /** A handler has finished: its answer goes first, then the word that it has. */
  #finish(seq: number): void {
    const side = this.#side
    const given = side.given[seq - 1]
    if (given === undefined) throw new Error(`${seq} was not given out`)
    if (given.ask && !side.finSaid) this.#send(`r-${given.id}`, { re: given.id })
    given.finished = true
    this.#input({ type: 'handled', seq })
    this.#sayFin()
  }

  /** Nothing more will be sent: also no reply. */
  #sayFin(): void {
    const side = this.#side
    if (!side.closed || side.finSaid || side.report !== undefined || side.unanswered) return
    side.finSaid = true
    this.#input({ type: 'fin', code: 1000 })
  }

  // Links

  #first(link: number, early: boolean): void {
    const frame = this.#side.machine.pollFrameOf(link, early ? earlyBytesMax : undefined)
    if (frame === undefined) return
    const id = this.#polled(frame)
    if (early) this.#put(link, id)
    else this.#effects.push({ do: 'hold', link, frame: id })
  }

  #accept(link: number, frame: FrameId): void {
    this.#side.openLinks.push(link)
    const [hello, ...rest] = this.#frames.read(frame).envelopes
    this.#input({ type: 'link-accept', link, hello: hello as HelloEnvelope })
    if (rest.length === 0) return
    const decoded = { envelopes: rest, payload: undefined }
    this.#input({ type: 'decoded', link, decoded, bytes: this.#frames.bytes(frame) })
  }

  #forgetLink(link: number): void {
    this.#side.openLinks = this.#side.openLinks.filter((open) => open !== link)
  }

  #put(link: number, frame: FrameId): void {
    this.#transmitted(frame)
    this.#effects.push({ do: 'put', link, frame })
  }

  /** A frame has come out of the machine. */
  #polled(frame: Parameters<Frames['idOf']>[0]): FrameId {
    const id = this.#frames.idOf(frame)
    for (const envelope of this.#frames.read(id).envelopes) this.#checkPolled(envelope)
    return id
  }

  #checkPolled(envelope: Envelope): void {
    if (envelope.t !== 'msg') return
    const side = this.#side
    const sent = side.sent.find(({ id }) => id === envelope.id)
    demand(sent !== undefined, 'P2 in order, once', () => `${side.role} transmits ${envelope.id}, never sent`)
    sent.polled = true
    const inFlight = side.sent.filter(({ polled, fate }) => polled && fate === undefined).length
    const window = side.attachedOnce ? this.#plan[peerOf(side.role)].windowMessages : defaults.windowMessages
    demand(
      inFlight === 1 || inFlight <= window,
      'P7 bounded',
      () => `${side.role} lets ${inFlight} messages stand unacknowledged, ${window} may be`,
    )
  }

  #transmitted(frame: FrameId): void {
    for (const envelope of this.#frames.read(frame).envelopes) {
      const sent = envelope.t === 'msg' ? this.#side.sent.find(({ id }) => id === envelope.id) : undefined
      if (sent !== undefined) sent.transmitted = true
    }
  }

  // What the machine says

  #onOutput(output: SessionOutput<number>): void {
    const side = this.#side
    switch (output.type) {
      case 'link-close':
        // On a link that is not open yet nothing can be said: it is given up.
        if (output.last !== undefined && side.openLinks.includes(output.link)) {
          this.#put(output.link, this.#polled(output.last))
        }
        this.#forgetLink(output.link)
        this.#effects.push({ do: 'close', link: output.link, code: output.code })
        return
      case 'attached':
        side.attachedOnce = true
        return
      case 'message':
        return this.#onMessage(output)
      case 'peer-fin':
        demand(!side.peerFin, 'P2 in order, once', () => `${side.role} is told of the peer's fin twice`)
        side.peerFin = true
        return
      case 'handled':
        for (const message of output.messages) this.#onHandled(message.tag)
        return
      case 'failed':
        side.failed = []
        for (const { message, fate } of output.messages) this.#onFailed(message.tag, fate)
        return
      case 'fault': {
        const { by, code, message } = output
        demand(
          false,
          'honest sides agree',
          () => `${side.role} reports a fault by ${by}: ${message} (${code})`,
        )
        return
      }
      case 'ended':
        return this.#onEnded(output.report)
      case 'released':
        side.released = true
        return
      default:
        return
    }
  }

  #onMessage(output: Extract<SessionOutput<number>, { type: 'message' }>): void {
    const side = this.#side
    const { envelope, payload } = output
    const { id, seq } = envelope
    const broken = () => `${side.role} is given ${id} (${seq}) after ${side.given.length} messages`
    demand(seq === side.given.length + 1, 'P2 in order, once', broken)
    demand(indexIn(envelope, payload) === side.given.length, 'P2 in order, once', broken)
    demand(!side.peerFin, 'P2 in order, once', () => `${side.role} is given ${id} after fin`)
    demand(side.report === undefined, 'P2 in order, once', () => `${side.role} is given ${id} after the end`)
    // A reply is taken by whoever waits for it; a message has a handler, which takes its time.
    const isReply = envelope.re !== undefined
    side.given.push({ id, seq, ask: envelope.ask === true, finished: isReply })
    if (isReply) this.#input({ type: 'handled', seq })
  }

  #onHandled(index: number): void {
    const side = this.#side
    this.#settle(index, 'handled')
    side.handledTotal++
    side.handledWhileClosing?.push((side.sent[index] as Sent).id)
  }

  #onFailed(index: number, fate: Fate): void {
    const sent = this.#side.sent[index] as Sent
    const real = fate === 'not-sent' ? !sent.transmitted : fate === 'unknown' ? sent.polled : true
    demand(real, 'P3 every message has a fate', () => `${sent.id} is reported ${fate}, and it is not so`)
    this.#settle(index, fate)
    this.#side.failed.push({ id: sent.id, fate })
  }

  #settle(index: number, fate: 'handled' | Fate): void {
    const side = this.#side
    const sent = side.sent[index] as Sent
    demand(
      sent.fate === undefined,
      'P3 every message has a fate',
      () => `${sent.id} is ${fate} after it was ${sent.fate}`,
    )
    demand(
      side.report === undefined,
      'P3 every message has a fate',
      () => `${sent.id} gets its fate after the session has ended`,
    )
    sent.fate = fate
  }

  #onEnded(report: CloseReport): void {
    const side = this.#side
    const { role } = side
    demand(side.report === undefined, 'P6 the report is true', () => `${role} ends twice`)
    side.report = report
    for (const sent of side.sent) {
      const settled = sent.fate !== undefined
      demand(settled, 'P3 every message has a fate', () => `${sent.id} is pending when ${role} has ended`)
    }
    demand(
      report.clean === (report.code === 'finished') && report.clean === (report.by === 'both'),
      'P6 the report is true',
      () => `${role} reports clean ${report.clean}, ${report.code}, by ${report.by}`,
    )
    if (report.clean) {
      demand(side.finSaid, 'P4 close after ack', () => `${role} ends clean without having closed`)
    }
    const idsOf = (fate: Fate) => side.failed.filter((entry) => entry.fate === fate).map(({ id }) => id)
    const unhandled = side.given.filter(({ finished }) => !finished).map(({ id }) => id)
    const truth: Array<[string, readonly string[], readonly string[]]> = [
      ['handled', report.handled, side.handledWhileClosing ?? []],
      ['received', report.received, idsOf('received')],
      ['unknown', report.unknown, idsOf('unknown')],
      ['notSent', report.notSent, idsOf('not-sent')],
      ['incoming.unhandled', report.incoming.unhandled, unhandled],
      ['handledTotal', [`${report.handledTotal}`], [`${side.handledTotal}`]],
      [
        'incoming.handledTotal',
        [`${report.incoming.handledTotal}`],
        [`${side.given.length - unhandled.length}`],
      ],
    ]
    for (const [name, said, real] of truth) {
      demand(
        said.length === real.length && said.every((id, i) => id === real[i]),
        'P6 the report is true',
        () => `${role} reports ${name} [${said}], and it is [${real}]`,
      )
    }
  }

  #checkRetained(): void {
    const { machine, sent, role } = this.#side
    let bytes = 0
    for (const one of sent) if (one.fate === undefined) bytes += one.bytes
    demand(
      machine.retainedBytes === bytes,
      'P7 bounded',
      () => `${role} says that it retains ${machine.retainedBytes} bytes, and it is ${bytes}`,
    )
  }
}

export function peerOf(role: Role): Role {
  return role === 'client' ? 'server' : 'client'
}
