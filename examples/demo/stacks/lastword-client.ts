import { connect } from '@lastword/sdk'
import { withDeadline } from '../deadline.ts'
import { candidate } from '../payloads.ts'
import { type ClientStack, candidatesPerTrickle } from './client-stack.ts'

/** A client over lastword: the same round, written as a user would write it. */
export const lastwordClient: ClientStack = async (plan) => {
  const trace = plan.trace === undefined ? {} : { trace: plan.trace }
  const session = connect(plan.url, { tls: { ca: plan.ca }, ...trace })
  let trickle: NodeJS.Timeout | undefined
  let found = 0

  // What the server sends in front of the Answer is taken and needs nothing else.
  session.handle('backlog', () => {})
  session.handle('candidate', () => {})

  try {
    // In the row that blocks the event loop the connection must be there first, or nothing would have left.
    if (plan.trickleMs > 0) await withDeadline(session.opened, plan.deadlineMs, 'the connection')
    await plan.connected()
    const asked = session.request('offer', { sdp: plan.offer, row: plan.row, talks: plan.talks })
    for (const chunk of plan.upload) watch(session.send('statistics', chunk))
    if (plan.trickleMs > 0) {
      trickle = setInterval(() => {
        for (let i = 0; i < candidatesPerTrickle; i += 1) {
          watch(session.send('candidate', { candidate: candidate(found) }))
          found += 1
        }
      }, plan.trickleMs)
    }
    plan.offerSent()
    // Closing waits for the Answer, so it may be asked for at once.
    const closing = plan.closesEarly ? session.close() : undefined
    const { sdp } = (await withDeadline(asked, plan.deadlineMs, 'the Answer')) as { sdp: string }
    plan.answered(sdp)
    clearInterval(trickle)
    const report = await withDeadline(closing ?? session.close(), plan.deadlineMs, 'the end of the session')
    return report.clean ? {} : { unclean: true }
  } catch (error) {
    // The session must not go on trying behind the next round's back.
    session.abort()
    return { lostBecause: String(error) }
  } finally {
    clearInterval(trickle)
  }
}

/** The fate of these messages is not what the round counts, and a rejection must not end the process. */
function watch(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
