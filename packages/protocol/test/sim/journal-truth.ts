import type { AckEnvelope, DecodedFrame, Envelope } from '../../src/envelope.ts'
import { numbersOf } from '../../src/handled-set.ts'
import type { JournalState, JournalWrite } from '../../src/journal.ts'
import type { Disk } from './disk.ts'
import type { Ledger } from './ledger.ts'
import { demand } from './violation.ts'

/**
 * Holds what a journal is given against the truth, and what leaves against what the journal holds. A write is the whole
 * truth about its side at the moment in which it is taken.
 */
export class JournalTruth {
  readonly #ledger: Ledger
  readonly #disk: Disk
  /** Server: the highest link whose `hello` was accepted. */
  acceptedLink = 0

  constructor(ledger: Ledger, disk: Disk) {
    this.#ledger = ledger
    this.#disk = disk
  }

  onWrite(write: JournalWrite): void {
    this.#demandMessages(write)
    const { out, did, report, name } = this.#ledger
    const { state } = write
    const wrong = (what: string) => () => `${name} writes ${what}: ${JSON.stringify(state)}`
    const { n, above } = handledIn(state)
    const fin = state.in.fin?.seq
    demand(
      n + above.size === this.#ledger.in.toldTotal + (fin === undefined ? 0 : 1),
      writes,
      wrong(`what is handled as it is not (${this.#ledger.in.toldTotal})`),
    )
    for (let seq = 1; seq <= n; seq++) {
      demand(this.#ledger.in.isTold(seq) || seq === fin, writes, wrong(`${seq} as handled`))
    }
    for (const seq of above)
      demand(this.#ledger.in.isTold(seq) || seq === fin, writes, wrong(`${seq} as handled`))
    demand(state.in.got >= this.#ledger.in.lastSeq, writes, wrong('less than it has been given'))
    demand(state.in.handledTotal === this.#ledger.in.toldTotal, writes, wrong('how much is handled'))
    demand(state.out.handledTotal === out.handledTotal, writes, wrong('how much the peer has handled'))
    demand((state.out.fin !== undefined) === did.fin, writes, wrong('its fin'))
    demand(state.links >= Math.max(out.lastLink, this.acceptedLink), writes, wrong('its links'))
    demand(
      state.ended?.code === report?.code && state.ended?.by === report?.by,
      writes,
      wrong(`how it ended (${report?.code})`),
    )
  }

  /** With this write the disk holds what is not settled, and nothing else. */
  #demandMessages({ add, remove }: JournalWrite): void {
    const { out, name } = this.#ledger
    const removed = new Set(remove)
    const held = new Set(add.map(({ id }) => id))
    for (const { order, id } of this.#disk.messages.values()) if (!removed.has(order)) held.add(id)
    for (const sent of out.sent.values()) {
      const pending = sent.fate === undefined
      if (pending) sent.written = true
      demand(held.has(sent.id) === pending, writes, () =>
        pending ? `${name} does not write ${sent.id}` : `${name} keeps ${sent.id}, which is ${sent.fate}`,
      )
    }
  }

  /** Whoever has told a clean end tells it after a restart, too. */
  onCleanEnd(): void {
    const { state, messages } = this.#disk
    const said = state?.out.fin !== undefined && state.out.fin.seq > 0 && state.out.acked >= state.out.fin.seq
    // A client that has gone is owed nothing but the fin.
    const leftAlone = state?.gone === true && state.out.fin !== undefined && messages.size === 0
    const holds = (said || leftAlone) && state.in.fin !== undefined && state.in.handled >= state.in.fin.seq
    demand(
      holds,
      'R-123 written before it leaves',
      () => `${this.#ledger.name} ends before its journal holds it`,
    )
  }

  /** A frame comes out of the machine. */
  onPolled({ envelopes }: DecodedFrame): void {
    for (const envelope of envelopes) {
      demand(
        this.#holds(envelope),
        'R-123 written before it leaves',
        () => `${this.#ledger.name} lets ${envelope.t} leave before its journal holds it`,
      )
    }
  }

  #holds(envelope: Envelope): boolean {
    const { state } = this.#disk
    switch (envelope.t) {
      case 'hello':
        return state !== undefined && state.links >= envelope.link
      case 'welcome':
        return state !== undefined && state.links >= this.acceptedLink
      case 'msg':
        return this.#disk.hasMessage(envelope.id)
      case 'fin':
        return state?.out.fin !== undefined
      case 'ack':
        return state !== undefined && isHandled(envelope, state)
      default:
        return true
    }
  }
}

const writes = 'R-123 a write is the truth'

function handledIn({ in: { handled, also } }: JournalState): { n: number; above: Set<number> } {
  return { n: handled, above: new Set(numbersOf([...(also ?? [])])) }
}

function isHandled({ n, also }: AckEnvelope, state: JournalState): boolean {
  if (n > state.in.handled) return false
  if (also === undefined) return true
  const { n: handled, above } = handledIn(state)
  return numbersOf([...also]).every((seq) => seq <= handled || above.has(seq))
}
