import type { ServerResponse } from 'node:http'

/** Says in plain text why a request is not taken. */
export function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent || response.destroyed) return
  answer(response, status, 'text/plain; charset=utf-8', `${why}\n`)
}

/** Answers with the body of a link. */
export function say(response: ServerResponse, body: Buffer): void {
  if (response.headersSent || response.destroyed) return
  answer(response, 200, 'application/octet-stream', body)
}

function answer(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.statusCode = status
  response.setHeader('content-type', type)
  response.setHeader('content-length', Buffer.byteLength(body))
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.end(body)
}
