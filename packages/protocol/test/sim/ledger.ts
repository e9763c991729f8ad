import type { DecodedFrame, Frame } from '../../src/envelope.ts'
import type { JournalSnapshot } from '../../src/journal.ts'
import type { CloseReport } from '../../src/report.ts'
import { frameBytes, type Output } from './endpoint.ts'
import { IncomingLedger } from './incoming-ledger.ts'
import { OutgoingLedger } from './outgoing-ledger.ts'
import { demandTrueReport } from './report-truth.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'

/** Keeps the truth about one side of a session, over all its lives, and holds everything that its machines say against it. */
export class Ledger {
  readonly out: OutgoingLedger
  readonly in: IncomingLedger
  /** The other side; for a client the session on the server that it was attached to last. */
  peer: Ledger | undefined
  /** How the session ended, as this life tells it. */
  report: CloseReport | undefined
  endedAt = 0
  /** What earlier lives have told. */
  readonly earlierReports: CloseReport[] = []
  /** In this life. */
  attachedOnce = false
  attachedEver = false
  /** How many processes have had the session, one after the other. */
  lives = 1
  /** What this side's application has done. After a crash: what of it the journal knows. */
  did = { close: undefined as number | undefined, fin: false, abort: false }
  readonly #world: World

  constructor(
    world: World,
    readonly name: string,
    readonly side: 'client' | 'server',
  ) {
    this.#world = world
    this.out = new OutgoingLedger(world, this, world.plan[side === 'client' ? 'server' : 'client'])
    this.in = new IncomingLedger(world, this)
  }

  onClose(): void {
    if (this.peer?.did.close !== undefined) {
      this.#world.statistics.count(this.in.peerFin ? 'closed by one side first' : 'closed by both at once')
    }
    this.did.close ??= this.#world.clock.now
    this.out.handledWhileClosing ??= []
  }

  onPolled(frame: Frame, decoded: DecodedFrame): void {
    this.out.onPolled(frameBytes(frame), decoded)
  }

  /** What the machine says. */
  onOutput(output: Output): void {
    switch (output.type) {
      case 'attached':
        this.attachedOnce = true
        this.attachedEver = true
        if (output.resumed && this.side === 'client') this.#world.statistics.count('resume')
        return
      case 'message':
        return this.in.onMessage(output.envelope, output.payload, output.redelivered)
      case 'peer-fin':
        return this.in.onPeerFin()
      case 'handled':
        for (const message of output.messages) this.out.onHandled(message.tag)
        return
      case 'failed':
        this.out.failedTogether = []
        for (const { message, fate } of output.messages) {
          this.out.onFailed(message.tag, fate, output.tooLarge)
        }
        return
      case 'fault':
        demand(
          this.#world.hostile,
          'honest sides agree',
          () => `${this.name} reports a fault by ${output.by}: ${output.message} (${output.code})`,
        )
        return
      case 'ended':
        demand(this.report === undefined, 'P6 the report is true', () => `${this.name} ends twice`)
        this.report = output.report
        this.endedAt = this.#world.clock.now
        demand(
          output.report.clean || !this.earlierReports.some(({ clean }) => clean),
          'P6 the report is true',
          () => `${this.name} has told a clean end before its crash, and tells another one now`,
        )
        return demandTrueReport(this, output.report)
    }
  }

  /** This side's process is gone with everything that it knew, and the next one will find this. */
  onCrash(snapshot: JournalSnapshot): void {
    this.lives++
    if (this.report !== undefined) this.earlierReports.push(this.report)
    this.report = undefined
    this.attachedOnce = false
    this.did = { close: undefined, fin: snapshot.state.out.fin !== undefined, abort: false }
    this.out.onCrash(snapshot)
    this.in.onCrash(snapshot.state.in)
  }
}
