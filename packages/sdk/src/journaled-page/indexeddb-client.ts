import { defaults, JournalError } from '@lastword/protocol'
import { type Journal, platform, type Session } from '@lastword/session'
import type { PageClaim, PageJournal, PageSession } from '@lastword/session/journal-indexeddb'
import { openBrowserLink } from '@lastword/transport'
import { type ConnectOptions, webSocketUrl } from '../connect-options.ts'
import { Connector } from '../connector.ts'
import { type JournalOptions, newRecord, openKept, type TakenSession, takeNamed } from '../journaled.ts'
import { pageEnvironment } from './environment.ts'
import { KeptClient } from './kept-client.ts'
import { Neighbours } from './neighbours.ts'
import { Orphans, ownSessions } from './orphans.ts'
import { watchPage } from './page-life.ts'

/** What was found in the journal beside the session of this page. */
interface Found {
  /** To be finished at once. */
  over: PageClaim[]
  /** To be finished when no page has them. */
  others: string[]
  /** What is wrong there, and does not concern this page's session. */
  warnings: JournalError[]
}

/** Opens a session of this page in a journal that it shares with the other pages of its origin. */
export async function openInPage<C>(
  journal: PageJournal,
  url: string | URL,
  given: ConnectOptions<C> & Omit<JournalOptions, 'journal'>,
): Promise<Session<C>> {
  const address = webSocketUrl(url)
  const { onJournalFailure = 'go-on', ...rest } = given as ConnectOptions & JournalOptions
  const options = { ...rest, onJournalFailure, journal: journal as Journal }
  const found: Found = { over: [], others: [], warnings: [] }
  let place: PageSession | undefined
  let connector: Connector | undefined
  const make = (kept?: TakenSession, changed: ConnectOptions = options) =>
    new Connector(address, changed, openBrowserLink, pageEnvironment, kept)
  const session = (await openKept(
    address,
    options,
    (kept) => {
      connector = make(kept)
      return connector
    },
    async ({ sessionId }) => {
      const own =
        sessionId === undefined ? await takeOwn(journal, address, found) : await takeNamed(journal, sessionId)
      place = own.journal as PageSession
      ownSessions.add(own.record.sid)
      return own
    },
  )) as Session
  const client = new KeptClient(session, connector as Connector, place)
  watchOver(client, journal, address, options, make, found)
  return session as Session<C>
}

/**
 * Takes the session of a page that is gone: the one written last that the server can still be expected to have. Without
 * one a new session is made. What else is found there is noted.
 */
async function takeOwn(journal: PageJournal, url: string, found: Found): Promise<TakenSession> {
  if (!journal.locksSessions) found.warnings.push(noLocks())
  const { sessions, unreadable } = await journal.clientsOf(url)
  found.warnings.push(...unreadable)
  let own: TakenSession | undefined
  for (const { record, idleMs, finishing } of sessions.reverse()) {
    const { sid } = record
    if (own !== undefined || finishing || idleMs > defaults.ttlMs) {
      found.others.push(sid)
      continue
    }
    const claim = await claimFree(journal, sid, found)
    if (claim === 'broken') continue
    if (claim === undefined) found.others.push(sid)
    else if (isFinishing(claim)) found.over.push(claim)
    else own = claim
  }
  if (own !== undefined) return own
  const record = newRecord(url)
  return { record, journal: await journal.create(record) }
}

async function claimFree(
  journal: PageJournal,
  sid: string,
  found: Found,
): Promise<PageClaim | 'broken' | undefined> {
  try {
    return await journal.claim(sid, { ifFree: true })
  } catch (error) {
    // One session that is broken is no reason to do without the journal.
    if (!(error instanceof JournalError) || !brokenAlone.has(error.code)) throw error
    found.warnings.push(error)
    return 'broken'
  }
}

const brokenAlone: ReadonlySet<string> = new Set(['journal-corrupt', 'journal-incompatible'])

/** It may have begun to close since it was listed. */
function isFinishing({ snapshot }: PageClaim): boolean {
  return snapshot?.state.ended !== undefined || snapshot?.state.out.fin !== undefined
}

/** What this page does for its session, and for those of pages that are gone, as long as its session is open. */
function watchOver(
  own: KeptClient,
  journal: PageJournal,
  url: string,
  options: ConnectOptions,
  make: (kept: TakenSession, options: ConnectOptions) => Connector,
  { over, others, warnings }: Found,
): void {
  const warn = (error: unknown) => own.warn(error)
  const orphans = new Orphans({ journal, session: own.session, options, make, onError: warn })
  const neighbours = new Neighbours(journal.name, url, (sid) => orphans.watch(sid))
  let open = own.session.state !== 'closed'
  const begin = () => {
    neighbours.open()
    neighbours.tell(own.sid)
  }
  const stopWatching = watchPage({
    onHide: () => {
      for (const client of [own, ...orphans.clients]) client.hurry()
    },
    onPark: () => {
      neighbours.close()
      orphans.stop()
      for (const client of [own, ...orphans.clients]) client.park()
    },
    onReturn: () => {
      for (const client of [own, ...orphans.clients]) void client.unpark()
      if (!open) return
      begin()
      journal
        .clientsOf(url)
        .then(({ sessions }) => {
          for (const { record } of sessions) orphans.watch(record.sid)
        })
        .catch(warn)
    },
  })
  for (const claim of over) orphans.finish(claim)
  for (const sid of others) orphans.watch(sid)
  begin()
  // When the application has the session.
  platform.endOfTurn(() => warnings.forEach(warn))
  void own.session.closed.then(() => {
    open = false
    neighbours.close()
    orphans.stop()
    if (orphans.clients.size === 0) stopWatching()
  })
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
