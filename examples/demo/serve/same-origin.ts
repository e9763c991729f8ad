import type { IncomingMessage } from 'node:http'

/** Whether a request comes from a page of this server: others have no business here, and browsers say who they are. */
export function sameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  return origin === undefined || origin === `https://${host}`
}
