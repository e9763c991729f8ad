import type { CloseReport, Session } from '@lastword/server-adapter'

/** How long a server's session may take to end behind its page's, in ms. */
const deadlineMs = 10_000

/** The reports of sessions that are about to end. Rejects if one of them does not end in time. */
export function reportsOf(sessions: readonly Session[]): Promise<CloseReport[]> {
  return Promise.all(sessions.map(reportOf))
}

/** The report of a session that is about to end. Rejects if there is none, or it does not end in time. */
export async function reportOf(session: Session | undefined): Promise<CloseReport> {
  if (session === undefined) throw new Error('no session reached the server')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `the server's session was still ${session.state} after ${deadlineMs} ms`
    timer = setTimeout(() => reject(new Error(message)), deadlineMs)
  })
  try {
    return await Promise.race([session.closed, late])
  } finally {
    clearTimeout(timer)
  }
}
