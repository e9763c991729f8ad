/**
 * The way round what lets no WebSocket through: `connect(url, { fallback: polling })`. An entry of its own, so that only
 * programs that want it carry it along.
 *
 * @packageDocumentation
 */
import { type OpenLink, openPollLink, type PollLinkOptions, pollLinkOpener } from '@lastword/transport'
import { linkAsSocket, type PageSocket } from './link-as-socket.ts'

export type { PollLinkOptions as PollingOptions } from '@lastword/transport'

/** What the option `fallback` takes: it makes links for the full client, and what stands in for a WebSocket for a page's. */
export type Fallback = OpenLink & { socket(url: string, protocols: string[]): PageSocket }

/** Links made of HTTP POSTs to the session's address, with the platform's `fetch`. */
export const polling: Fallback = fallbackBy(openPollLink)

/** The same with a `fetch` of its own, for certificates and proxies, or with headers. For clients in Node. */
export function pollingOver(options: PollLinkOptions): Fallback {
  return fallbackBy(pollLinkOpener(options))
}

function fallbackBy(openLink: OpenLink): Fallback {
  return Object.assign<OpenLink, Pick<Fallback, 'socket'>>((url, options) => openLink(url, options), {
    socket: (url, protocols) => linkAsSocket(openLink(url, { protocols })),
  })
}
