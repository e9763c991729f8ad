import type { DecodedFrame, Envelope, Frame, MsgEnvelope } from '../../src/envelope.ts'
import type { Fate } from '../../src/errors.ts'
import { defaults, limits } from '../../src/limits.ts'
import type { OutgoingMessage } from '../../src/outgoing-message.ts'
import type { CloseReport } from '../../src/report.ts'
import { frameBytes, type Output } from './endpoint.ts'
import type { End } from './network.ts'
import type { SidePlan } from './plan.ts'
import { demand, Violation } from './violation.ts'
import type { World } from './world.ts'

/** The truth about one message, which no machine can see. */
export interface Sent {
  readonly id: string
  /** The how-many-eth of its sender. */
  readonly index: number
  /** What was sent: a JSON value, or bytes. */
  readonly payload: string | Uint8Array | undefined
  message: OutgoingMessage<Sent>
  /** It was in a frame that came out of the machine. */
  polled: boolean
  /** It was in a frame that was put on the network. */
  transmitted: boolean
  /** The receiver's application has been given it. */
  arrived: boolean
  /** The receiver's application has finished with it. */
  finished: boolean
  /** Given in when the session took no more. */
  tooLate: boolean
  fate: 'handled' | Fate | undefined
}

/** A message that has arrived, at its receiver. */
export interface Arrived {
  readonly sent: Sent
  readonly seq: number
  finished: boolean
  /** The machine has been told that the application has finished with it. */
  told: boolean
}

/** Keeps the truth about one side of a session, and holds everything that its machine says against it. */
export class Ledger {
  readonly sent = new Map<string, Sent>()
  readonly arrived = new Map<string, Arrived>()
  /** The other side; for a client the session on the server that it was attached to last. */
  peer: Ledger | undefined
  report: CloseReport | undefined
  endedAt = 0
  attachedOnce = false
  /** What this side's application has done. */
  did = { close: undefined as number | undefined, fin: false, abort: false }
  readonly #bySeq = new Map<number, Arrived>()
  readonly #world: World
  readonly #plan: SidePlan
  readonly #peerPlan: SidePlan
  readonly #inFlight = new Set<Sent>()
  #inFlightBytes = 0
  #retainedBytes = 0
  #lastSeq = 0
  #lastIndex = -1
  #peerFin = false
  /** Ids in the order of their acknowledgement, since this side began to close. */
  #handledWhileClosing: string[] | undefined
  #handledTotal = 0
  #incomingHandledTotal = 0
  #failedTogether: Array<{ sent: Sent; fate: Fate }> = []
  #finTransmitted = 0

  constructor(
    world: World,
    readonly name: string,
    readonly side: 'client' | 'server',
  ) {
    this.#world = world
    this.#plan = world.plan[side]
    this.#peerPlan = world.plan[side === 'client' ? 'server' : 'client']
  }

  // What the application does

  onSend(sent: Sent, tooLate: boolean): void {
    this.sent.set(sent.id, sent)
    sent.tooLate = tooLate
    this.#retainedBytes += sent.message.bytes
  }

  onClose(): void {
    if (this.peer?.did.close !== undefined) {
      this.#world.statistics.count(this.#peerFin ? 'closed by one side first' : 'closed by both at once')
    }
    this.did.close ??= this.#world.clock.now
    this.#handledWhileClosing ??= []
  }

  /** The application has finished with a message. */
  onFinished(seq: number): void {
    const arrived = this.#bySeq.get(seq)
    if (arrived === undefined) return
    arrived.finished = true
    arrived.sent.finished = true
  }

  beforeHandledInput(seq: number): void {
    const arrived = this.#bySeq.get(seq)
    if (arrived === undefined || arrived.told) return
    arrived.told = true
    if (this.report === undefined) this.#incomingHandledTotal++
  }

  /** Ids that have arrived and are not finished, in order. */
  unfinishedIds(): string[] {
    return [...this.arrived.values()].filter((arrived) => !arrived.told).map((arrived) => arrived.sent.id)
  }

  // Frames

  onPolled(_end: End, frame: Frame, { envelopes }: DecodedFrame): void {
    const bytes = frameBytes(frame)
    const max = (this.attachedOnce ? this.#peerPlan.maxBytes : limits.maxBytesMin) + limits.frameOverheadBytes
    demand(bytes <= max, 'P7 bounded', () => `${this.name} made a frame of ${bytes} bytes, ${max} may be`)
    const tooMany = envelopes.length > limits.envelopesPerFrameMax
    demand(!tooMany, 'P7 bounded', () => `${this.name} put ${envelopes.length} envelopes in a frame`)
    const messages = envelopes.filter((envelope) => envelope.t === 'msg')
    if (messages.length > 1) {
      this.#world.statistics.count('batch of several messages')
      demand(bytes <= limits.batchBytesMax, 'P7 bounded', () => `${this.name} made a batch of ${bytes} bytes`)
    }
    for (const envelope of envelopes) this.#onPolledEnvelope(envelope)
  }

  #onPolledEnvelope(envelope: Envelope): void {
    if (envelope.t === 'ack' && envelope.also !== undefined) this.#world.statistics.count('ack with ranges')
    if (envelope.t === 'fin') {
      if (this.#finTransmitted++ > 0) this.#world.statistics.count('fin replayed')
    }
    if (envelope.t !== 'msg') return
    const sent = this.sent.get(envelope.id)
    demand(sent !== undefined, 'P2 in order, once', () => `${this.name} transmits ${envelope.id}, never sent`)
    if (sent.polled) return
    sent.polled = true
    const { message } = sent
    this.#inFlight.add(sent)
    this.#inFlightBytes += message.bytes
    const window = this.attachedOnce ? this.#peerPlan.window : initialWindow
    const count = this.#inFlight.size
    if (count === window.messages) this.#world.statistics.count('window full')
    demand(
      count === 1 || (count <= window.messages && this.#inFlightBytes <= window.bytes),
      'P7 bounded',
      () => `${this.name} lets ${count} messages of ${this.#inFlightBytes} bytes stand unacknowledged`,
    )
  }

  onTransmitted({ envelopes }: DecodedFrame): void {
    for (const envelope of envelopes) {
      const sent = envelope.t === 'msg' ? this.sent.get(envelope.id) : undefined
      if (sent !== undefined) sent.transmitted = true
    }
  }

  onFrameArrived(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      if (envelope.t === 'msg' && this.arrived.has(envelope.id))
        this.#world.statistics.count('duplicate dropped')
    }
  }

  checkRetained(bytes: number): void {
    demand(
      bytes === this.#retainedBytes,
      'P7 bounded',
      () => `${this.name} says that it retains ${bytes} bytes, and it is ${this.#retainedBytes}`,
    )
  }

  // What the machine says

  onOutput(output: Output): void {
    switch (output.type) {
      case 'attached':
        this.attachedOnce = true
        if (output.resumed && this.side === 'client') this.#world.statistics.count('resume')
        return
      case 'message':
        return this.#onMessage(output.envelope, output.payload)
      case 'peer-fin':
        return this.#onPeerFin()
      case 'handled':
        for (const message of output.messages) this.#onHandled(message.tag)
        return
      case 'failed':
        this.#failedTogether = []
        for (const { message, fate } of output.messages) this.#onFailed(message.tag, fate, output.tooLarge)
        return
      case 'fault':
        demand(
          this.#world.hostile,
          'honest sides agree',
          () => `${this.name} reports a fault by ${output.by}: ${output.message} (${output.code})`,
        )
        return
      case 'ended':
        return this.#onEnded(output.report)
    }
  }

  #onMessage(envelope: MsgEnvelope, bytes: Uint8Array | undefined): void {
    const { seq, id } = envelope
    const sent = this.peer?.sent.get(id)
    demand(sent !== undefined, 'P2 in order, once', () => `${this.name} is given ${id}, which nobody sent`)
    demand(!this.arrived.has(id), 'P2 in order, once', () => `${this.name} is given ${id} a second time`)
    const inOrder = seq === this.#lastSeq + 1 && seq === sent.message.seq && sent.index > this.#lastIndex
    demand(inOrder, 'P2 in order, once', () => `${this.name} is given ${id} (${seq}) after ${this.#lastSeq}`)
    demand(!this.#peerFin, 'P2 in order, once', () => `${this.name} is given ${id} after fin`)
    demand(this.report === undefined, 'P2 in order, once', () => `${this.name} is given ${id} after the end`)
    const same = samePayload(sent.payload, bytes ?? envelope.d)
    demand(same, 'P2 in order, once', () => `${this.name} is given ${id} with another payload`)
    demand(sent.transmitted, 'P2 in order, once', () => `${this.name} is given ${id}, which never left`)
    demand(
      sent.fate !== 'not-sent',
      'P3 every message has a fate',
      () => `${this.name} is given ${id}, which was reported as not sent`,
    )
    this.#lastSeq = seq
    this.#lastIndex = sent.index
    sent.arrived = true
    const arrived = { sent, seq, finished: false, told: false }
    this.arrived.set(id, arrived)
    this.#bySeq.set(seq, arrived)
    this.#world.statistics.count('message delivered')
    if (sent.message.bytes > limits.batchBytesMax) this.#world.statistics.count('message larger than a batch')
    if (bytes !== undefined) this.#world.statistics.count('binary message')
  }

  #onPeerFin(): void {
    demand(!this.#peerFin, 'P2 in order, once', () => `${this.name} is told of the peer's fin twice`)
    this.#peerFin = true
    demand(
      this.peer?.did.fin === true,
      'P4 close after ack',
      () => `${this.name} hears a fin that nobody said`,
    )
    for (const sent of this.peer.sent.values()) {
      const accounted = this.arrived.has(sent.id) || sent.fate === 'not-sent'
      demand(accounted, 'P4 close after ack', () => `${this.name} hears fin before ${sent.id}`)
    }
  }

  #onHandled(sent: Sent): void {
    demand(sent.finished, 'P1 ack means handled', () => `${sent.id} is reported handled, and is not`)
    this.#settle(sent, 'handled')
    this.#handledTotal++
    this.#handledWhileClosing?.push(sent.id)
  }

  #onFailed(sent: Sent, fate: Fate, tooLarge: boolean): void {
    const true_ = fate === 'not-sent' ? !sent.transmitted : fate === 'received' ? sent.arrived : sent.polled
    demand(true_, 'P3 every message has a fate', () => `${sent.id} is reported ${fate}, and it is not so`)
    if (tooLarge) {
      const large = sent.message.bytes > this.#peerPlan.maxBytes
      demand(large, 'P3 every message has a fate', () => `${sent.id} is reported too large, and it is not`)
      this.#world.statistics.count('message too large for the peer')
    }
    this.#settle(sent, fate)
    this.#failedTogether.push({ sent, fate })
  }

  #settle(sent: Sent, fate: 'handled' | Fate): void {
    if (sent.fate !== undefined) {
      throw new Violation('P3 every message has a fate', `${sent.id} is ${fate} after it was ${sent.fate}`)
    }
    demand(
      this.report === undefined || sent.tooLate,
      'P3 every message has a fate',
      () => `${sent.id} gets its fate after the session has ended`,
    )
    sent.fate = fate
    this.#world.statistics.count(`fate: ${fate}`)
    this.#retainedBytes -= sent.message.bytes
    if (this.#inFlight.delete(sent)) this.#inFlightBytes -= sent.message.bytes
  }

  #onEnded(report: CloseReport): void {
    demand(this.report === undefined, 'P6 the report is true', () => `${this.name} ends twice`)
    this.report = report
    this.endedAt = this.#world.clock.now
    for (const sent of this.sent.values()) {
      const settled = sent.fate !== undefined
      demand(
        settled,
        'P3 every message has a fate',
        () => `${sent.id} is pending when ${this.name} has ended`,
      )
    }
    demand(
      report.clean === (report.code === 'finished') && report.clean === (report.by === 'both'),
      'P6 the report is true',
      () => `${this.name} reports clean ${report.clean}, ${report.code}, by ${report.by}`,
    )
    if (report.clean) this.#checkClean()
    this.#checkLists(report)
  }

  /** Clean is a word about both sides: everything that either sent before closing is handled by the other. */
  #checkClean(): void {
    demand(this.did.fin, 'P4 close after ack', () => `${this.name} ends clean without having closed`)
    for (const sent of this.sent.values()) {
      const fine = sent.finished || sent.fate === 'not-sent'
      demand(fine, 'P4 close after ack', () => `${this.name} ends clean, and ${sent.id} is not handled`)
    }
    // A client that ends before it ever had a link has no peer.
    if (this.peer === undefined || (this.side === 'client' && !this.attachedOnce)) return
    demand(
      this.peer.did.fin,
      'P4 close after ack',
      () => `${this.name} ends clean, and the peer has not closed`,
    )
    for (const sent of this.peer.sent.values()) {
      const fine = this.arrived.get(sent.id)?.finished === true || sent.fate === 'not-sent'
      demand(
        fine,
        'P4 close after ack',
        () => `${this.name} ends clean, and the peer's ${sent.id} is not handled`,
      )
    }
  }

  #checkLists(report: CloseReport): void {
    const last = this.#failedTogether
    const idsOf = (fate: Fate) => last.filter((entry) => entry.fate === fate).map((entry) => entry.sent.id)
    const truth: Array<[string, readonly string[], readonly string[]]> = [
      ['handled', report.handled, this.#handledWhileClosing ?? []],
      ['incoming.unhandled', report.incoming.unhandled, this.unfinishedIds()],
    ]
    if (report.clean) truth.push(['received, unknown, notSent', lists(report), []])
    else if (last.length > 0 || lists(report).length > 0) {
      truth.push(['received', report.received, idsOf('received')])
      truth.push(['unknown', report.unknown, idsOf('unknown')])
    }
    for (const [name, said, real] of truth) {
      demand(
        said.length === real.length && said.every((id, i) => id === real[i]),
        'P6 the report is true',
        () => `${this.name} reports ${name} [${said}], and it is [${real}]`,
      )
    }
    demand(
      report.handledTotal === this.#handledTotal &&
        report.incoming.handledTotal === this.#incomingHandledTotal,
      'P6 the report is true',
      () => `${this.name} reports ${report.handledTotal} and ${report.incoming.handledTotal} handled in all`,
    )
    // Whatever the machine says, each message is where the world knows it to be.
    for (const id of report.handled) this.#demandTrue(id, 'handled', (sent) => sent.finished)
    for (const id of report.received) this.#demandTrue(id, 'received', (sent) => sent.arrived)
    for (const id of report.unknown) this.#demandTrue(id, 'unknown', (sent) => sent.polled)
    for (const id of report.notSent) this.#demandTrue(id, 'notSent', (sent) => !sent.transmitted)
  }

  #demandTrue(id: string, list: string, holds: (sent: Sent) => boolean): void {
    const sent = this.sent.get(id)
    demand(
      sent !== undefined && holds(sent),
      'P6 the report is true',
      () => `${this.name} lists ${id} under ${list}, where it does not belong`,
    )
  }
}

const initialWindow = { messages: defaults.windowMessages, bytes: defaults.windowBytes }

function lists(report: CloseReport): string[] {
  return [...report.received, ...report.unknown, ...report.notSent]
}

function samePayload(sent: string | Uint8Array | undefined, got: unknown): boolean {
  if (sent instanceof Uint8Array && got instanceof Uint8Array) {
    return sent.length === got.length && sent.every((byte, i) => byte === got[i])
  }
  return sent === got
}
