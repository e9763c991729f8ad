import type { IncomingMessage } from 'node:http'
import { afterReading } from './timer-after-reading.ts'

export interface RequestBodyEvents {
  onBody(bytes: Uint8Array): void
  /** It is not taken. Nobody is told of one whose connection has gone: nothing has come then. */
  onRefused(status: number, why: string): void
}

/** How long what is left of a refused body is read, in ms: a connection that is ended with unread bytes loses the answer. */
const drainMs = 5_000

/** Reads the body of a request, up to a bound, as long as it moves. */
export function readHttpBody(
  request: IncomingMessage,
  { bodyBytesMax, gapMs }: { bodyBytesMax: number; gapMs: number },
  { onBody, onRefused }: RequestBodyEvents,
): void {
  if (request.readableEnded || request.destroyed) {
    return onRefused(
      500,
      'The body was read before lastword came to it: let adapter.request() go before what parses bodies.',
    )
  }
  const chunks: Buffer[] = []
  let bytes = 0
  let over = false
  let timer = watch()

  function watch(): NodeJS.Timeout {
    return setTimeout(() => afterReading(() => over || stop(408, 'The body stood still.')), gapMs).unref()
  }

  function stop(status: number, why: string): void {
    over = true
    clearTimeout(timer)
    chunks.length = 0
    onRefused(status, why)
    // Node reads on and drops what comes, which a client may make last for ever.
    const drain = setTimeout(() => request.complete || request.destroy(), drainMs).unref()
    request.once('close', () => clearTimeout(drain))
    request.resume()
  }

  const tooLarge = () =>
    stop(413, `The body is longer than ${bodyBytesMax} bytes, which is what this server takes.`)
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    if (over) return
    bytes += chunk.length
    if (bytes > bodyBytesMax) return tooLarge()
    chunks.push(chunk)
    clearTimeout(timer)
    timer = watch()
  })
  request.on('end', () => {
    if (over) return
    over = true
    clearTimeout(timer)
    onBody(Buffer.concat(chunks))
  })
  request.on('close', () => {
    over = true
    clearTimeout(timer)
  })
  if (Number(request.headers['content-length']) > bodyBytesMax) tooLarge()
}
