import type { IncomingMessage } from 'node:http'
import { afterReading } from './timer-after-reading.ts'

export interface RequestBodyEvents {
  onBody(bytes: Uint8Array): void
  /** It is not taken. Nobody is told of one whose connection has gone: nothing has come then. */
  onRefused(status: number, why: string): void
}

/** How long what is left of a refused body is read, in ms: a connection that is ended with unread bytes loses the answer. */
const drainMs = 5_000

/** How many times the gap a body may take in all. By then a client has long given up waiting for its answer. */
const gapsMax = 6
/** What room for a body begins with, in bytes. */
const roomBytesMin = 4096

/** Reads the body of a request, up to a bound, as long as it moves, and not for ever. */
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
  // One piece that grows: a client may send its body byte by byte, and a chunk for each would take a hundred times as much.
  let room = Buffer.alloc(0)
  let bytes = 0
  let over = false
  let timer = watch()
  const deadline = setTimeout(
    () => afterReading(() => over || stop(408, 'The body took too long.')),
    gapMs * gapsMax,
  ).unref()

  function watch(): NodeJS.Timeout {
    return setTimeout(() => afterReading(() => over || stop(408, 'The body stood still.')), gapMs).unref()
  }

  function end(): void {
    over = true
    clearTimeout(timer)
    clearTimeout(deadline)
  }

  function keep(chunk: Buffer): void {
    const needed = bytes + chunk.length
    if (needed > room.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(bodyBytesMax, Math.max(roomBytesMin, 2 * room.length, needed)),
      )
      room.copy(larger, 0, 0, bytes)
      room = larger
    }
    chunk.copy(room, bytes)
    bytes = needed
  }

  function stop(status: number, why: string): void {
    end()
    room = Buffer.alloc(0)
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
    if (bytes + chunk.length > bodyBytesMax) return tooLarge()
    keep(chunk)
    clearTimeout(timer)
    timer = watch()
  })
  request.on('end', () => {
    if (over) return
    end()
    onBody(room.subarray(0, bytes))
  })
  request.on('close', end)
  if (Number(request.headers['content-length']) > bodyBytesMax) tooLarge()
}
