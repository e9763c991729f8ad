import { connect, type LastwordError, type Session, type TraceEvent } from '@lastword/sdk'
import { withDeadline } from '../deadline.ts'
import { messageBytesMax } from '../matrix.ts'
import type { RoundOutcome } from '../outcome.ts'
import { answerOf, uploadChunks } from '../payloads.ts'
import { addressOf } from '../plan.ts'
import { hurtingLinks } from './hurting-links.ts'
import type { PlayRound } from './round.ts'

/** How many events of a round are kept, in case that it is lost. */
const traceMax = 400
/** How long a session may take to end that has a message which nobody will ever handle, in ms. */
const killedMs = 500

/** A client over lastword, as a user would write it. */
export const playSessionRound: PlayRound = async (given, together) => {
  const { plan, port, ca, deadlineMs } = given
  const { cell, round } = plan
  const trace: TraceEvent[] = []
  const session = connect(addressOf(port, plan), {
    tls: { ca },
    maxBytes: messageBytesMax,
    trace: (event) => void (trace.length < traceMax && trace.push(event)),
    ...hurtingLinks(cell.condition, ca),
  })
  const falsehoods: string[] = []
  let outcome: RoundOutcome
  try {
    // Where the event loop is blocked the connection must be there first, or nothing would have left.
    if (cell.condition === 'blocked') await withDeadline(session.opened, deadlineMs, 'the connection')
    if (cell.condition === 'blocked') await together.connected()
    const asked = session.request('ask')
    if (cell.way === 'kill') {
      const unfinished = session.send('unfinished')
      unfinished.then(
        () => falsehoods.push('handled, of a message that never was'),
        () => {},
      )
    }
    if (cell.condition === 'upload') for (const chunk of uploadChunks()) watch(session.send('upload', chunk))
    together.asked()
    outcome = await withDeadline(asked, deadlineMs, 'the answer').then(
      (answer) => checked(round, answer, answerOf(cell.size)),
      (error: unknown) => unanswered(round, error, cell.way === 'kill', falsehoods),
    )
    if (outcome.delivered) await closeAndCheck(session, outcome, deadlineMs, cell.way === 'kill', falsehoods)
  } finally {
    // The session must not go on trying behind the next round's back.
    session.abort()
  }
  const [falseReport] = falsehoods
  const isFine = (outcome.delivered || outcome.honest === true) && falseReport === undefined
  return {
    ...outcome,
    ...(falseReport === undefined ? {} : { falseReport }),
    ...(isFine ? {} : { trace }),
  }
}

function checked(round: number, answer: unknown, expected: Buffer): RoundOutcome {
  const whole = answer instanceof Uint8Array && expected.equals(answer)
  if (whole) return { round, delivered: true }
  return { round, delivered: false, why: 'the answer was not the one that was sent' }
}

/** A server that was killed took its answers with it: then a client that says so is honest, unless it says too much. */
function unanswered(round: number, error: unknown, killed: boolean, falsehoods: string[]): RoundOutcome {
  const { code, fate } = error as LastwordError & { fate?: string }
  const why = error instanceof Error ? error.message : String(error)
  // Nobody is killed before the request was handled.
  if (fate === 'not-sent') falsehoods.push('not-sent, of a request that was handled')
  const knows = code === 'delivery-failed' || code === 'session-closed'
  return { round, delivered: false, why, ...(killed && knows ? { honest: true } : {}) }
}

async function closeAndCheck(
  session: Session,
  outcome: RoundOutcome,
  deadlineMs: number,
  killed: boolean,
  falsehoods: string[],
): Promise<void> {
  const timeoutMs = killed ? killedMs : deadlineMs
  const report = await withDeadline(session.close({ timeoutMs }), deadlineMs, 'the end of the session').catch(
    () => undefined,
  )
  if (report?.clean !== true) outcome.unclean = true
  else if (killed) falsehoods.push('a clean close, with a message that was never handled')
}

/** The fate of these messages is not what the round counts, and a rejection must not end the process. */
function watch(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
