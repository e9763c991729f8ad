import type { Envelope, MsgEnvelope } from '../../src/envelope.ts'
import { numbersOf } from '../../src/handled-set.ts'
import type { JournalState } from '../../src/journal.ts'
import { limits } from '../../src/limits.ts'
import type { Ledger } from './ledger.ts'
import type { Arrived } from './sent.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'

/** The truth about what one side is given. */
export class IncomingLedger {
  /** What was given in this life, and what is known to be handled from earlier ones. By id. */
  readonly arrived = new Map<string, Arrived>()
  peerFin = false
  /** The highest number given in this life, or the one up to which everything is known to be handled from earlier ones. */
  lastSeq = 0
  /** What the machine knows to be handled, over all lives. */
  toldTotal = 0
  /** The same, until the end. */
  toldUntilEnd = 0
  readonly #world: World
  readonly #ledger: Ledger
  readonly #bySeq = new Map<number, Arrived>()
  #lastIndex = -1
  /** What the journal of an earlier life knew to have been received: everything up to here. */
  #knownUpTo = 0

  constructor(world: World, ledger: Ledger) {
    this.#world = world
    this.#ledger = ledger
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
    this.toldTotal++
    if (this.#ledger.report === undefined) this.toldUntilEnd++
  }

  /** Ids that have arrived and are not finished, in order. */
  unfinishedIds(): string[] {
    return [...this.arrived.values()].filter((arrived) => !arrived.told).map((arrived) => arrived.sent.id)
  }

  onFrameArrived(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      if (envelope.t === 'msg' && this.arrived.has(envelope.id))
        this.#world.statistics.count('duplicate dropped')
    }
  }

  onMessage(envelope: MsgEnvelope, bytes: Uint8Array | undefined, redelivered: boolean): void {
    const { name, peer, report } = this.#ledger
    const { seq, id } = envelope
    const sent = peer?.out.sent.get(id)
    demand(sent !== undefined, 'P2 in order, once', () => `${name} is given ${id}, which nobody sent`)
    demand(!this.arrived.has(id), 'P2 in order, once', () => `${name} is given ${id} a second time`)
    while (this.#bySeq.get(this.lastSeq + 1)?.told) this.lastSeq++
    const inOrder = seq === this.lastSeq + 1 && seq === sent.seq && sent.index > this.#lastIndex
    demand(inOrder, 'P2 in order, once', () => `${name} is given ${id} (${seq}) after ${this.lastSeq}`)
    demand(!this.peerFin, 'P2 in order, once', () => `${name} is given ${id} after fin`)
    demand(report === undefined, 'P2 in order, once', () => `${name} is given ${id} after the end`)
    const same = samePayload(sent.payload, bytes ?? envelope.d)
    demand(same, 'P2 in order, once', () => `${name} is given ${id} with another payload`)
    demand(sent.transmitted, 'P2 in order, once', () => `${name} is given ${id}, which never left`)
    demand(
      sent.fate !== 'not-sent',
      'P3 every message has a fate',
      () => `${name} is given ${id}, which was reported as not sent`,
    )
    const known = seq <= this.#knownUpTo
    demand(
      redelivered === known,
      'R-125 given again is marked',
      () => `${name} is given ${id} ${redelivered ? '' : 'not '}marked, with ${this.#knownUpTo} known before`,
    )
    if (redelivered) this.#world.statistics.count('redelivered')
    this.lastSeq = seq
    this.#lastIndex = sent.index
    sent.arrived = true
    const arrived = { sent, seq, finished: false, told: false }
    this.arrived.set(id, arrived)
    this.#bySeq.set(seq, arrived)
    this.#world.statistics.count('message delivered')
    if (sent.message.bytes > limits.batchBytesMax) this.#world.statistics.count('message larger than a batch')
    if (bytes !== undefined) this.#world.statistics.count('binary message')
  }

  onPeerFin(): void {
    const { name, peer } = this.#ledger
    demand(!this.peerFin, 'P2 in order, once', () => `${name} is told of the peer's fin twice`)
    this.peerFin = true
    demand(peer?.did.fin === true, 'P4 close after ack', () => `${name} hears a fin that nobody said`)
    for (const sent of peer.out.sent.values()) {
      const accounted = this.arrived.has(sent.id) || sent.fate === 'not-sent' || sent.takenBack
      demand(accounted, 'P4 close after ack', () => `${name} hears fin before ${sent.id}`)
    }
  }

  /** True if the machine has been told that this is handled. */
  isTold(seq: number): boolean {
    return this.#bySeq.get(seq)?.told === true
  }

  /** This side's process is gone, and no journal had anything: whoever says now that it is handled says what nobody knows. */
  forgetAll(): void {
    for (const { sent } of this.arrived.values()) sent.finished = false
  }

  /** This side's process is gone, and the next one will find this. */
  onCrash(state: JournalState['in']): void {
    const above = new Set(numbersOf([...(state.also ?? [])]))
    for (const arrived of this.arrived.values()) {
      const { seq, sent } = arrived
      if (seq <= state.handled || above.has(seq)) continue
      if (arrived.told) this.#world.statistics.count('message handled and lost before its write')
      else this.#world.statistics.count('handler gone with its process')
      this.arrived.delete(sent.id)
      this.#bySeq.delete(seq)
      // As above.
      sent.finished = false
    }
    this.peerFin = false
    this.lastSeq = 0
    this.#lastIndex = -1
    this.#knownUpTo = state.got
    this.toldTotal = state.handledTotal
    this.toldUntilEnd = state.handledTotal
  }
}

function samePayload(sent: string | Uint8Array | undefined, got: unknown): boolean {
  if (sent instanceof Uint8Array && got instanceof Uint8Array) {
    return sent.length === got.length && sent.every((byte, i) => byte === got[i])
  }
  return sent === got
}
