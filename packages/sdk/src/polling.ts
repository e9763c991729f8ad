/**
 * The way round what lets no WebSocket through: `connect(url, { fallback: polling })`. An entry of its own, so that only
 * programs that want it carry it along.
 *
 * @packageDocumentation
 */
import { type OpenLink, openPollLink, type PollLinkOptions, pollLinkOpener } from '@lastword/transport'

export type { PollLinkOptions as PollingOptions } from '@lastword/transport'

/** Links made of HTTP POSTs to the session's address, with the platform's `fetch`. */
export const polling: OpenLink = openPollLink

/** The same with a `fetch` of its own, for certificates and proxies, or with headers. For clients in Node. */
export function pollingOver(options: PollLinkOptions): OpenLink {
  return pollLinkOpener(options)
}
