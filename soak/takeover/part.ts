import { playInLanes } from '../lanes.ts'
import type { Part } from '../part.ts'
import { commandOf, planTakeover, type TakeoverRun } from './plan.ts'
import type { TakeoverOutcome } from './player.ts'

const sessions = { whole: 500, short: 8 }

export const takeover: Part = {
  name: 'takeover',
  description:
    'wss, another link takes a session over while the old one is alive and busy in both directions',
  async run(options) {
    const {
      short,
      replay: { seed },
    } = options
    const count = seed !== undefined ? 1 : short ? sessions.short : sessions.whole
    const totals = { left: 0, inFlight: 0, framesAfter: 0, superseded: 0 }
    const { runs, broken } = await playInLanes<TakeoverRun, TakeoverOutcome, undefined>({
      program: 'takeover-process',
      options,
      plan: () => Array.from({ length: count }, (_, n) => planTakeover((seed ?? 1) + n)),
      commandOf,
      onOutcome(outcome) {
        totals.left += outcome.left
        totals.inFlight += outcome.inFlight
        totals.framesAfter += outcome.framesAfter
        totals.superseded += outcome.superseded
      },
    })
    const { left, inFlight, framesAfter, superseded } = totals
    const figures =
      `${runs} sessions, ${broken} broken; ${left} links left alive, ${superseded} of them closed by the takeover, ` +
      `with ${Math.round(inFlight / Math.max(1, left))} messages and requests in flight on average; ` +
      `${framesAfter} frames came on a link that had been left`
    if (broken > 0) throw new Error(figures)
    if (superseded === 0) throw new Error(`no link was alive when it was taken over: ${figures}`)
    return figures
  },
}
