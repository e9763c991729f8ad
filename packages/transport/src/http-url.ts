/** Which of the two an HTTP request is for, as its query says: `lastword=poll`, `lastword=once`. */
export type HttpLinkKind = 'poll' | 'once'

/** The name of the parameter of the query by which a server knows requests of ours. */
export const httpLinkParameter = 'lastword'

/** Where the POSTs of a link go: the address of its WebSocket, by http or https. */
export function httpUrl(url: string, kind: HttpLinkKind): string {
  const address = new URL(url)
  address.protocol = address.protocol.replace('ws', 'http')
  address.hash = ''
  // Whatever else stands in the query stays as it was written.
  address.search += `${address.search === '' ? '?' : '&'}${httpLinkParameter}=${kind}`
  return address.href
}
