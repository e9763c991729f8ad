import { type CloseReport, defaults } from '@lastword/protocol'
import { atMost, platform } from '@lastword/session'
import type { Admission } from './admission.ts'
import type { Entry } from './session-entry.ts'
import type { SessionTable } from './session-table.ts'

/** What became of the sessions when the server went. */
export interface ShutdownReport {
  /** Sessions that were going on when it began. */
  sessions: number
  /** Of those, the ones that ended with everything handled. */
  clean: number
  /** Of those, the ones that go on: they are left to the journal, for whoever their clients come to next. */
  moved: number
  /** The reports of all others, by session id. */
  unclean: Array<{ sessionId: string; report: CloseReport }>
}

/** Closes sessions, which waits until both sides have handled everything; those that are not done in time end as `shutdown`. */
export async function closeAll(entries: Entry[], deadlineMs: number, report: ShutdownReport): Promise<void> {
  // By its deadline an entry may have let go of its session.
  const cores = entries.map(({ core }) => core)
  const timer = setTimeout(() => {
    for (const core of cores) core.abort('shutdown', 'the server has shut down')
  }, deadlineMs)
  await Promise.all(
    cores.map(async (core) => {
      // The timer above is what bounds it, so that all of them end for the same reason.
      const closed = await core.close({ timeoutMs: Number.POSITIVE_INFINITY })
      if (closed.clean) report.clean++
      else report.unclean.push({ sessionId: core.sid, report: closed })
    }),
  )
  clearTimeout(timer)
}

/** How long a client that has a link is given to move to another server before its session is let go here. */
export function graceOf(deadlineMs: number): number {
  return Math.min(Math.floor(deadlineMs / 2), graceMsMax)
}

/**
 * Leaves sessions to their journal: each goes on until its client has moved, or its time for that is over; handlers that
 * are running finish in time, and nothing is closed.
 */
export async function leaveAll(
  entries: Entry[],
  deadlineMs: number,
  report: ShutdownReport,
  table: SessionTable,
  admission: Admission,
): Promise<void> {
  const leaveBy = platform.now() + deadlineMs
  await Promise.all(
    entries.map(async (entry) => {
      const { core } = entry
      entry.leaveBy = leaveBy
      if (core.attached && core.leaving === undefined)
        await atMost(platform, graceOf(deadlineMs), free(entry))
      await core.handOver(Math.max(0, leaveBy - platform.now()))
      const closed = await core.closed
      if (closed.clean) report.clean++
      else if (closed.code === 'superseded') report.moved++
      else report.unclean.push({ sessionId: core.sid, report: closed })
    }),
  )
  // One that comes out of the journal later finds the server shut down, and is left there.
  await atMost(platform, defaults.lingerMs, admission.settled())
  // Those that are over wait in the journal for their clients to ask.
  await Promise.all(table.all.map(({ core }) => core.handOver(0)))
}

/** Resolves when nothing keeps the session here. */
function free(entry: Entry): Promise<void> {
  return new Promise((resolve) => {
    entry.onFree = resolve
  })
}

const graceMsMax = 2_000
