import type { DecodedFrame, Envelope, MsgEnvelope } from '../../src/envelope.ts'
import type { Fate } from '../../src/errors.ts'
import type { JournalSnapshot } from '../../src/journal.ts'
import { defaults, limits } from '../../src/limits.ts'
import type { Ledger } from './ledger.ts'
import type { SidePlan } from './plan.ts'
import type { Sent } from './sent.ts'
import { demand, Violation } from './violation.ts'
import type { World } from './world.ts'

/** The truth about what one side sends. */
export class OutgoingLedger {
  /** Everything that the application has sent and that a crash has not undone, by id. */
  readonly sent = new Map<string, Sent>()
  /** How many messages the application has ever sent: over all its lives, for no id comes twice. */
  count = 0
  /** Since the session began, as far as this life knows. */
  handledTotal = 0
  /** Ids in the order of their acknowledgement, since this side began to close in this life. */
  handledWhileClosing: string[] | undefined
  /** What failed together last. */
  failedTogether: Array<{ sent: Sent; fate: Fate }> = []
  /** The highest number of a link that has left in a `hello`. */
  lastLink = 0
  readonly #world: World
  readonly #ledger: Ledger
  readonly #peerPlan: SidePlan
  /** What was transmitted in this life and is not settled. */
  readonly #inFlight = new Set<Sent>()
  #inFlightBytes = 0
  #retainedBytes = 0
  #finTransmitted = 0

  constructor(world: World, ledger: Ledger, peerPlan: SidePlan) {
    this.#world = world
    this.#ledger = ledger
    this.#peerPlan = peerPlan
  }

  onSend(sent: Sent, tooLate: boolean): void {
    this.sent.set(sent.id, sent)
    sent.tooLate = tooLate
    this.#retainedBytes += sent.message.bytes
  }

  onPolled(bytes: number, { envelopes }: DecodedFrame): void {
    const { name, attachedOnce } = this.#ledger
    const max = (attachedOnce ? this.#peerPlan.maxBytes : limits.maxBytesMin) + limits.frameOverheadBytes
    demand(bytes <= max, 'P7 bounded', () => `${name} made a frame of ${bytes} bytes, ${max} may be`)
    const tooMany = envelopes.length > limits.envelopesPerFrameMax
    demand(!tooMany, 'P7 bounded', () => `${name} put ${envelopes.length} envelopes in a frame`)
    const messages = envelopes.filter((envelope) => envelope.t === 'msg')
    if (messages.length > 1) {
      this.#world.statistics.count('batch of several messages')
      demand(bytes <= limits.batchBytesMax, 'P7 bounded', () => `${name} made a batch of ${bytes} bytes`)
    }
    for (const envelope of envelopes) this.#onPolledEnvelope(envelope)
  }

  #onPolledEnvelope(envelope: Envelope): void {
    switch (envelope.t) {
      case 'ack':
        if (envelope.also !== undefined) this.#world.statistics.count('ack with ranges')
        return
      case 'fin':
        if (this.#finTransmitted++ > 0) this.#world.statistics.count('fin replayed')
        return
      case 'hello': {
        const { link } = envelope
        const { name } = this.#ledger
        demand(link > this.lastLink, 'R-30 links count up', () => `${name} says link ${link} once more`)
        this.lastLink = link
        return
      }
      case 'msg':
        return this.#onPolledMessage(envelope)
    }
  }

  #onPolledMessage(envelope: MsgEnvelope): void {
    const { name, attachedOnce } = this.#ledger
    const sent = this.sent.get(envelope.id)
    demand(sent !== undefined, 'P2 in order, once', () => `${name} transmits ${envelope.id}, never sent`)
    sent.polled = true
    if (this.#inFlight.has(sent)) return
    const { message } = sent
    this.#inFlight.add(sent)
    this.#inFlightBytes += message.bytes
    const window = attachedOnce ? this.#peerPlan.window : initialWindow
    const count = this.#inFlight.size
    if (count === window.messages) this.#world.statistics.count('window full')
    // What was in flight before a crash stays so, also where the window has become smaller since.
    if (sent.restored && sent.transmitted) return
    demand(
      count === 1 || (count <= window.messages && this.#inFlightBytes <= window.bytes),
      'P7 bounded',
      () => `${name} lets ${count} messages of ${this.#inFlightBytes} bytes stand unacknowledged`,
    )
  }

  onTransmitted({ envelopes }: DecodedFrame): void {
    for (const envelope of envelopes) {
      const sent = envelope.t === 'msg' ? this.sent.get(envelope.id) : undefined
      if (envelope.t !== 'msg' || sent === undefined) continue
      if (!sent.transmitted) sent.seq = envelope.seq
      sent.transmitted = true
      demand(
        envelope.seq === sent.seq,
        'R-124 a number is kept',
        () => `${this.#ledger.name} transmits ${sent.id} as ${envelope.seq}, which was ${sent.seq}`,
      )
    }
  }

  checkRetained(bytes: number): void {
    demand(
      bytes === this.#retainedBytes,
      'P7 bounded',
      () => `${this.#ledger.name} says that it retains ${bytes} bytes, and it is ${this.#retainedBytes}`,
    )
  }

  onHandled(sent: Sent): void {
    demand(sent.finished, 'P1 ack means handled', () => `${sent.id} is reported handled, and is not`)
    this.#settle(sent, 'handled')
    this.handledTotal++
    this.handledWhileClosing?.push(sent.id)
  }

  onFailed(sent: Sent, fate: Fate, tooLarge: boolean): void {
    const true_ =
      fate === 'not-sent'
        ? !sent.transmitted
        : fate === 'received'
          ? sent.arrived
          : sent.polled || sent.written
    demand(true_, 'P3 every message has a fate', () => `${sent.id} is reported ${fate}, and it is not so`)
    if (tooLarge) {
      const large = sent.message.bytes > this.#peerPlan.maxBytes
      demand(large, 'P3 every message has a fate', () => `${sent.id} is reported too large, and it is not`)
      this.#world.statistics.count('message too large for the peer')
    }
    this.#settle(sent, fate)
    this.failedTogether.push({ sent, fate })
  }

  #settle(sent: Sent, fate: 'handled' | Fate): void {
    if (sent.fate !== undefined) {
      throw new Violation('P3 every message has a fate', `${sent.id} is ${fate} after it was ${sent.fate}`)
    }
    demand(
      this.#ledger.report === undefined || sent.tooLate,
      'P3 every message has a fate',
      () => `${sent.id} gets its fate after the session has ended`,
    )
    sent.fate = fate
    this.#world.statistics.count(`fate: ${fate}`)
    this.#retainedBytes -= sent.message.bytes
    if (this.#inFlight.delete(sent)) this.#inFlightBytes -= sent.message.bytes
  }

  /** This side's process is gone, and the next one will find this. */
  onCrash({ state, messages }: JournalSnapshot): void {
    const { statistics } = this.#world
    const kept = new Set(messages.map(({ id }) => id))
    this.#retainedBytes = 0
    for (const sent of this.sent.values()) {
      if (!kept.has(sent.id)) {
        if (sent.fate !== undefined) {
          // It has its fate, and with its write its last chance to be sent is gone.
          if (!sent.polled) sent.takenBack = true
          continue
        }
        // The word of a synced write is kept: only what no write had may be lost, and nobody has seen that.
        demand(
          !sent.polled,
          'R-123 written before it leaves',
          () => `${sent.id} left, and a crash has lost it`,
        )
        statistics.count('message lost before its write')
        this.sent.delete(sent.id)
        continue
      }
      if (sent.fate !== undefined) statistics.count('settled message that is restored')
      statistics.count('message restored')
      sent.fate = undefined
      sent.restored = true
      sent.takenBack = false
      this.#retainedBytes += sent.message.bytes
    }
    this.#inFlight.clear()
    this.#inFlightBytes = 0
    this.handledTotal = state.out.handledTotal
    this.handledWhileClosing = undefined
    this.failedTogether = []
  }
}

const initialWindow = { messages: defaults.windowMessages, bytes: defaults.windowBytes }
