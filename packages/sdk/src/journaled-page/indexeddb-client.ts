import { type Journal, platform, type Session } from '@lastword/session'
import type { PageJournal, PageSession } from '@lastword/session/journal-indexeddb'
import { openBrowserLink } from '@lastword/transport'
import { type ConnectOptions, webSocketUrl } from '../connect-options.ts'
import { Connector } from '../connector.ts'
import { type JournalOptions, openKept, type TakenSession, takeNamed } from '../journaled.ts'
import { pageEnvironment } from './environment.ts'
import { KeptClient } from './kept-client.ts'
import { Neighbours } from './neighbours.ts'
import { Orphans, ownSessions } from './orphans.ts'
import { type Found, takeOwn } from './own-session.ts'
import { watchPage } from './page-life.ts'
import { TabMemory } from './tab.ts'

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
  const tab = new TabMemory(journal.name, address)
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
        sessionId === undefined
          ? await takeOwn(journal, address, tab.recall(), found)
          : await takeNamed(journal, sessionId)
      tab.note(own.record.sid)
      place = own.journal as PageSession
      ownSessions.add(own.record.sid)
      return own
    },
  )) as Session
  const client = new KeptClient(session, connector as Connector, place)
  watchOver(client, journal, address, options, make, found)
  return session as Session<C>
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
    onHide: (forCache) => {
      for (const client of [own, ...orphans.clients]) client.hide(forCache)
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
