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
  const given = log.filter((line) => line.what === 'given' && line.sid === sid)
  const done = new Set(log.filter((line) => line.what === 'done').map(({ id }) => id))
  for (const server of new Set(given.map((line) => line.server))) checkOrder(given, server)
  const givenIds = new Set(given.map(({ id }) => id))
  for (const [id, fate] of told) {
    // Each is done by now: those that the first session did not deliver have been sent again.
    if (!done.has(id)) throw new Error(`${id} was told to be ${fate}, and nobody has handled it`)
    if (fate === 'not-sent' && givenIds.has(id))
      throw new Error(`${id} was told not to have left, and was given out`)
  }
  const doneHere = new Set(log.filter((line) => line.what === 'done' && line.sid === sid).map(({ id }) => id))
  for (const [id, fate] of told) {
    const isDone = fate === 'handled' || fate === 'no-reply'
    if (isDone && !doneHere.has(id))
      throw new Error(`${id} was told to be handled, and no handler has finished with it`)
  }
  checkReport(told, report)
}

/** Within a session of one server each is given out in its place, and once. */
function checkOrder(given: readonly LogLine[], server: number): void {
  const numbers = given.filter((line) => line.server === server).map(({ number }) => number)
  const wrong = numbers.findIndex((number, place) => number !== place)
  if (wrong >= 0)
    throw new Error(`number ${numbers[wrong]} was given out at place ${wrong} by server ${server}`)
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
