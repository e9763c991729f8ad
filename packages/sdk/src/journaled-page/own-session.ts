import { defaults, JournalError } from '@lastword/protocol'
import { platform } from '@lastword/session'
import type { PageClaim, PageJournal, StandingSession } from '@lastword/session/journal-indexeddb'
import { newRecord, type TakenSession } from '../journaled.ts'
import { ownSessions } from './orphans.ts'

/** What was found in the journal beside the session of this page. */
export interface Found {
  /** To be finished at once. */
  over: PageClaim[]
  /** To be finished when no page has them. */
  others: string[]
  /** What is wrong there, and does not concern this page's session. */
  warnings: JournalError[]
}

/**
 * Takes the session of a page that is gone, which the server can still be expected to have: one that this tab had
 * (`ofTab`), else the one written last that is not left alone for another page. Without one a new session is
 * made. What else is found there is noted.
 */
export async function takeOwn(
  journal: PageJournal,
  url: string,
  ofTab: ReadonlySet<string>,
  found: Found,
): Promise<TakenSession> {
  if (!journal.locksSessions) found.warnings.push(noLocks())
  const { sessions, unreadable } = await journal.clientsOf(url)
  found.warnings.push(...unreadable)
  const isOfTab = ({ record }: StandingSession) => ofTab.has(record.sid)
  const inOrder = sessions.reverse()
  let own: TakenSession | undefined
  for (const standing of [...inOrder.filter(isOfTab), ...inOrder.filter((one) => !isOfTab(one))]) {
    const { sid } = standing.record
    const mayBe = !standing.finishing && standing.idleMs <= defaults.ttlMs
    // What this tab had nobody else waits for.
    const leftAlone = standing.graceMs > 0 && !isOfTab(standing)
    if (leftAlone || (mayBe ? own !== undefined : !isOfTab(standing))) {
      found.others.push(sid)
      continue
    }
    // The page before may not be gone altogether; one that this page has itself is not going to go.
    const waitMs = isOfTab(standing) && !ownSessions.has(sid) ? handOverMs : 0
    const claim = await claimFree(journal, sid, waitMs, found)
    if (claim === 'broken') continue
    if (claim === undefined) found.others.push(sid)
    else if (!mayBe || isFinishing(claim)) found.over.push(claim)
    else own = claim
  }
  if (own !== undefined) return own
  const record = newRecord(url)
  return { record, journal: await journal.create(record) }
}

async function claimFree(
  journal: PageJournal,
  sid: string,
  waitMs: number,
  found: Found,
): Promise<PageClaim | 'broken' | undefined> {
  const late = new AbortController()
  const cancel = platform.setTimer(waitMs, () => late.abort(), false)
  try {
    const claim = await journal.claim(sid, { ifFree: true })
    if (claim !== undefined || waitMs === 0) return claim
    return await journal.claimWhenFree(sid, late.signal, () => true)
  } catch (error) {
    // One session that is broken is no reason to do without the journal.
    if (!(error instanceof JournalError) || !brokenAlone.has(error.code)) throw error
    found.warnings.push(error)
    return 'broken'
  } finally {
    cancel()
  }
}

const brokenAlone: ReadonlySet<string> = new Set(['journal-corrupt', 'journal-incompatible'])

/** How long the page that is loaded in the place of another one waits for that to be gone, in ms. */
const handOverMs = 1_000

/** It may have begun to close since it was listed. */
function isFinishing({ snapshot }: PageClaim): boolean {
  return snapshot?.state.ended !== undefined || snapshot?.state.out.fin !== undefined
}

function noLocks(): JournalError {
  return new JournalError(
    'journal-unavailable',
    'this page has no Web Locks: its sessions are not safe from other pages',
    {
      remedy: 'Serve the page by https, or give each page a database of its own.',
    },
  )
}
