import type { IncomingMessage as HttpRequest } from 'node:http'
import type { AdapterOptions } from './adapter-options.ts'

/** Whether pages of the request's origin may open sessions here. What an application's function throws is passed on. */
export function originAllowed(
  allowedOrigins: AdapterOptions['allowedOrigins'],
  request: HttpRequest,
): boolean {
  if (allowedOrigins === undefined) return true
  const { origin } = request.headers
  // A promise, from a function that should not be async, allows nobody.
  if (typeof allowedOrigins === 'function') return allowedOrigins(origin, request) === true
  return origin === undefined || allowedOrigins.includes(origin)
}
