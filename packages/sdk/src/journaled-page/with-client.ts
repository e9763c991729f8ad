import type { Journal } from '@lastword/session'
import { openBrowserLink } from '@lastword/transport'
import { type ConnectOptions, webSocketUrl } from '../connect-options.ts'
import { Connector } from '../connector.ts'
import type { PageJournalWithClient } from '../handover.ts'
import { openKept } from '../journaled.ts'
import { pageEnvironment } from './environment.ts'

/** Gives a journal the client by which a page keeps sessions in it: for journals of your own. Returns the same object. */
export function withClient<J extends Journal>(journal: J): J & PageJournalWithClient {
  return Object.assign(journal, {
    connect: ((url, options) => {
      const address = webSocketUrl(url)
      return openKept(address, { ...options, journal } as never, (kept) => {
        return new Connector(address, options as ConnectOptions, openBrowserLink, pageEnvironment, kept)
      })
    }) satisfies PageJournalWithClient['connect'],
  })
}
