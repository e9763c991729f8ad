import type { CloseReport } from '../../src/report.ts'
import type { Endpoint } from './endpoint.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'

/** For how long the network must have been whole before a lost link is nobody's excuse, in virtual ms. */
const excuseMs = 10_000

/** A session that does not end cleanly ends for a reason: this is where the reason must really have been there. */
export function demandCause(world: World, endpoint: Endpoint, report: CloseReport): void {
  const { name, earlierReports } = endpoint.ledger
  const holds =
    report.code === 'finished' ||
    // An end that a life has seen is the end in the next one.
    earlierReports.some(({ code, by }) => code === report.code && by === report.by) ||
    (report.by === 'peer'
      ? toldByPeer(world, endpoint, report.code)
      : happenedHere(world, endpoint, report.code))
  const gaveUp = report.code === 'expired' || report.code === 'session-unknown'
  demand(
    holds,
    gaveUp ? 'P5 closing survives' : 'honest sides agree',
    () => `${name} ends as ${report.code} by ${report.by}, and there is no reason for it`,
  )
}

function happenedHere(world: World, endpoint: Endpoint, code: CloseReport['code']): boolean {
  const { ledger } = endpoint
  const { now } = world.clock
  switch (code) {
    case 'aborted':
      return ledger.did.abort
    case 'close-timeout':
      return (
        ledger.did.close !== undefined && now >= ledger.did.close + world.plan[ledger.side].closeTimeoutMs
      )
    case 'expired':
      return (
        ledger.side === 'server' && now - endpoint.detachedAt >= world.plan.ttlMs && excused(world, endpoint)
      )
    case 'protocol-fault':
      return world.hostile
    default:
      return false
  }
}

/** The client is gone, or the network did not let it come back. */
function excused(world: World, server: Endpoint): boolean {
  const { report, peer } = world.client.ledger
  if (world.crashes.clientIsGone || report?.clean === false || (peer !== undefined && peer !== server.ledger))
    return true
  if (missedTheEnd(server, [world.client])) return true
  return world.clock.now - Math.max(server.detachedAt, world.undisturbedFrom) < excuseMs
}

/** A crash has undone the last that it had heard, and its peer, which had heard everything, does not wait for it. */
function missedTheEnd(endpoint: Endpoint, peers: readonly Endpoint[]): boolean {
  return endpoint.ledger.lives > 1 && peers.some(({ ledger }) => ledger.report !== undefined)
}

function toldByPeer(world: World, endpoint: Endpoint, code: CloseReport['code']): boolean {
  const peers = endpoint.side === 'client' ? world.sessions : [world.client]
  const { now } = world.clock
  if (code === 'session-unknown') {
    if (world.crashes.serverForgot || missedTheEnd(endpoint, peers)) return true
    return peers.some(({ ledger: { report, endedAt } }) => {
      return report !== undefined && (report.code === 'expired' || now - endedAt >= world.plan.ttlMs)
    })
  }
  // What a life has told the other side comes back to the next one.
  return [endpoint, ...peers].some(({ ledger: { report, earlierReports } }) => {
    return [...earlierReports, report].some((one) => one?.code === code && one.by === 'local')
  })
}
