import type { CloseReport } from '@lastword/sdk'
import type { LogLine } from './log.ts'
import type { Told } from './talker.ts'

/** What is known of one client when everything is over. */
export interface Witness {
  sid: string
  told: ReadonlyMap<string, Told>
  report: CloseReport
}

/** @throws if what the client was told, what its report says and what the servers have written do not agree */
export function checkWitness({ sid, told, report }: Witness, log: readonly LogLine[]): void {
  const mine = log.filter((line) => line.sid === sid)
  const given = new Set(mine.filter(({ what }) => what === 'given').map(({ id }) => id))
  const done = new Set(mine.filter(({ what }) => what === 'done').map(({ id }) => id))
  for (const [id, fate] of told) {
    if (fate === 'not-sent' && given.has(id)) {
      throw new Error(`${id} was told not to have left, and was given out`)
    }
    if ((fate === 'handled' || fate === 'no-reply') && !done.has(id)) {
      throw new Error(`${id} was told to be handled, and no handler has finished with it`)
    }
  }
  checkReport(told, report)
}

/**
 * @param first Ids of the sessions in which each client began: what they were given has no gaps.
 * @throws if a session was given something out of its order, or twice, by one server
 */
export function checkOrder(log: readonly LogLine[], first: ReadonlySet<string>): void {
  const last = new Map<string, number>()
  for (const { what, server, sid, number } of log) {
    if (what !== 'given') continue
    const session = `session ${sid} of server ${server}`
    const before = last.get(session) ?? -1
    if (first.has(sid) ? number !== before + 1 : number <= before) {
      throw new Error(`${session} was given number ${number} after number ${before}`)
    }
    last.set(session, number)
  }
}

function checkReport(told: ReadonlyMap<string, Told>, report: CloseReport): void {
  for (const [fate, ids] of [
    ['received', report.received],
    ['unknown', report.unknown],
    ['not-sent', report.notSent],
  ] as const) {
    const promised = [...told].filter(([, one]) => one === fate).map(([id]) => id)
    if ([...ids].sort().join() === promised.sort().join()) continue
    throw new Error(`${fate} by the report: ${ids.join(' ')}; by the promises: ${promised.join(' ')}`)
  }
}
