import type { PromiseName } from '../sim/violation.ts'
import { demand, Violation } from '../sim/violation.ts'
import type { Past } from './past.ts'
import type { Side } from './side.ts'
import type { Broken } from './sides.ts'

/** The promises that only both sides together can show: each word of one machine against the truth of the other side. */
export function brokenBetween(client: Side, server: Side | undefined, past: Past): Broken | undefined {
  try {
    check(
      client,
      server,
      past,
      (i) => i < past.arrived,
      (i) => (past.finished & (1 << i)) !== 0,
    )
    if (server !== undefined) check(server, client, past, never, never)
    return undefined
  } catch (error) {
    if (error instanceof Violation) return { promise: error.promise, message: error.message }
    throw error
  }
}

const never = () => false

/** Holds what one side says against its peer. What the peer's forgotten sessions have had and done counts too. */
function check(
  side: Side,
  peer: Side | undefined,
  past: Past,
  hadBefore: (index: number) => boolean,
  doneBefore: (index: number) => boolean,
): void {
  const arrived = (i: number) => hadBefore(i) || (peer !== undefined && i < peer.given.length)
  const finished = (i: number) => doneBefore(i) || peer?.given[i]?.finished === true
  side.sent.forEach((sent, i) => {
    const { id, fate } = sent
    if (fate === 'handled') {
      demand(finished(i), 'P1 ack means handled', () => `${id} is reported handled, and is not`)
    }
    if (fate === 'received' || fate === 'not-sent') {
      demand(
        arrived(i) === (fate === 'received'),
        'P3 every message has a fate',
        () => `${id} is reported ${fate}, and it is not so`,
      )
    }
  })
  if (side.peerFin) checkFin(side, peer)
  const { report, role } = side
  if (report === undefined) return
  if (!report.clean) return checkCause(side, peer, past)
  side.sent.forEach((sent, i) => {
    const fine = finished(i) || sent.fate === 'not-sent'
    demand(fine, 'P4 close after ack', () => `${role} ends clean, and ${sent.id} is not handled`)
  })
  if (!side.attachedOnce) return
  demand(
    peer?.finSaid === true,
    'P4 close after ack',
    () => `${role} ends clean, and the peer has not closed`,
  )
  peer.sent.forEach((sent, i) => {
    const fine = side.given[i]?.finished === true || sent.fate === 'not-sent'
    demand(fine, 'P4 close after ack', () => `${role} ends clean, and the peer's ${sent.id} is not handled`)
  })
}

function checkFin(side: Side, peer: Side | undefined): void {
  const { role } = side
  demand(peer?.finSaid === true, 'P4 close after ack', () => `${role} hears a fin that nobody said`)
  peer.sent.forEach((sent, i) => {
    const accounted = i < side.given.length || sent.fate === 'not-sent'
    demand(accounted, 'P4 close after ack', () => `${role} hears fin before ${sent.id}`)
  })
}

/** A session that does not end cleanly ends for a reason that there really was. */
function checkCause(side: Side, peer: Side | undefined, past: Past): void {
  const report = side.report as NonNullable<Side['report']>
  const { code, by } = report
  const gaveUp = code === 'expired' || code === 'session-unknown'
  const promise: PromiseName = gaveUp ? 'P5 closing survives' : 'honest sides agree'
  demand(
    by === 'peer' ? toldByPeer() : happenedHere(),
    promise,
    () => `${side.role} ends as ${code} by ${by}, and there is no reason for it`,
  )

  function happenedHere(): boolean {
    if (code === 'aborted') return side.aborted
    // The client is gone, or a long time has passed.
    const gone = peer?.released === true || peer?.report?.clean === false
    return code === 'expired' && side.role === 'server' && (gone || past.waits > 0)
  }

  function toldByPeer(): boolean {
    if (code === 'session-unknown') return past.refused
    return peer?.report?.code === code && peer.report.by === 'local'
  }
}
