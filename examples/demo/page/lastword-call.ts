import type { Answer } from '../serve/news.ts'
import { patienceMs, statisticsCount } from '../serve/situations.ts'
import { type CallPlan, callMs, type PlayedCall, statisticsOf } from './call-plan.ts'

/** The same call over lastword. */
export function lastwordCall(plan: CallPlan): PlayedCall {
  const { situation } = plan
  const session = lastword.connect(plan.url, { signal: AbortSignal.timeout(callMs) })
  let left: () => void = () => {}
  const leaving = new Promise<void>((resolve) => {
    left = resolve
  })

  async function play(): Promise<void> {
    if (situation.id === 'block') {
      await session.opened
      await plan.connected()
    }
    const asked = session.request('offer', { sdp: plan.offer })
    if (situation.id !== 'reload') sendStatistics(statisticsCount)
    if (situation.id === 'client-closes') watch(session.close())
    if (situation.id === 'block') setTimeout(() => watch(session.close()), patienceMs)
    await plan.answered((await asked) as Answer)
    if (situation.id !== 'reload') return
    sendStatistics(1)
    await plan.cut()
    sendStatistics(statisticsCount - 1)
    watch(session.close())
    left()
  }

  function sendStatistics(count: number): void {
    for (let sent = 0; sent < count; sent++) {
      watch(session.send('statistics', statisticsOf(situation.statisticsBytes)))
    }
  }

  async function end(): Promise<void> {
    // A call that fails is one that has no Answer, and that is what is counted.
    await play().catch(() => {})
    await session.closed
  }

  return { leaving, over: end() }
}

/** What became of each message is counted by the server. */
function watch(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
