import type { Fate } from '../../src/errors.ts'
import type { CloseReport } from '../../src/report.ts'
import type { Ledger } from './ledger.ts'
import type { Sent } from './sent.ts'
import { demand } from './violation.ts'

/** Holds the report of a session that has ended against the truth. */
export function demandTrueReport(ledger: Ledger, report: CloseReport): void {
  const { name, out } = ledger
  for (const sent of out.sent.values()) {
    const settled = sent.fate !== undefined
    demand(settled, 'P3 every message has a fate', () => `${sent.id} is pending when ${name} has ended`)
  }
  demand(
    report.clean === (report.code === 'finished') && report.clean === (report.by === 'both'),
    'P6 the report is true',
    () => `${name} reports clean ${report.clean}, ${report.code}, by ${report.by}`,
  )
  if (report.clean) demandTrulyClean(ledger)
  demandTrueLists(ledger, report)
}

/** Clean is a word about both sides: everything that either sent before closing is handled by the other. */
function demandTrulyClean(ledger: Ledger): void {
  const { name, out, peer } = ledger
  demand(ledger.did.fin, 'P4 close after ack', () => `${name} ends clean without having closed`)
  for (const sent of out.sent.values()) {
    const fine = sent.finished || sent.fate === 'not-sent' || sent.takenBack
    demand(fine, 'P4 close after ack', () => `${name} ends clean, and ${sent.id} is not handled`)
  }
  // A client that ends before it ever had a link has no peer.
  if (peer === undefined || (ledger.side === 'client' && !ledger.attachedEver)) return
  demand(peer.did.fin, 'P4 close after ack', () => `${name} ends clean, and the peer has not closed`)
  for (const sent of peer.out.sent.values()) {
    const arrived = ledger.in.arrived.get(sent.id)
    const fine = arrived?.finished === true || sent.fate === 'not-sent' || sent.takenBack
    demand(fine, 'P4 close after ack', () => `${name} ends clean, and the peer's ${sent.id} is not handled`)
  }
}

function demandTrueLists(ledger: Ledger, report: CloseReport): void {
  const { name, out } = ledger
  const last = out.failedTogether.filter(({ sent }) => !sent.takenBack)
  const idsOf = (fate: Fate) => last.filter((entry) => entry.fate === fate).map((entry) => entry.sent.id)
  const truth: Array<[string, readonly string[], readonly string[]]> = [
    ['handled', report.handled, out.handledWhileClosing ?? []],
    ['incoming.unhandled', report.incoming.unhandled, ledger.in.unfinishedIds()],
  ]
  if (report.clean) truth.push(['received, unknown, notSent', lists(report), []])
  else if (last.length > 0 || lists(report).length > 0) {
    truth.push(['received', report.received, idsOf('received')])
    truth.push(['unknown', report.unknown, idsOf('unknown')])
  }
  for (const [list, said, real] of truth) {
    demand(
      said.length === real.length && said.every((id, i) => id === real[i]),
      'P6 the report is true',
      () => `${name} reports ${list} [${said}], and it is [${real}]`,
    )
  }
  demand(
    report.handledTotal === out.handledTotal && report.incoming.handledTotal === ledger.in.toldUntilEnd,
    'P6 the report is true',
    () =>
      `${name} reports ${report.handledTotal} and ${report.incoming.handledTotal} handled in all, and it is ${out.handledTotal} and ${ledger.in.toldUntilEnd}`,
  )
  // Whatever the machine says, each message is where the world knows it to be.
  const demandTrue = (id: string, list: string, holds: (sent: Sent) => boolean) => {
    const sent = out.sent.get(id)
    demand(
      sent !== undefined && holds(sent),
      'P6 the report is true',
      () => `${name} lists ${id} under ${list}, where it does not belong`,
    )
  }
  for (const id of report.handled) demandTrue(id, 'handled', (sent) => sent.finished)
  for (const id of report.received) demandTrue(id, 'received', (sent) => sent.arrived)
  for (const id of report.unknown) demandTrue(id, 'unknown', (sent) => sent.polled || sent.written)
  for (const id of report.notSent) demandTrue(id, 'notSent', (sent) => !sent.transmitted)
}

function lists(report: CloseReport): string[] {
  return [...report.received, ...report.unknown, ...report.notSent]
}
