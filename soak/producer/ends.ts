import type { Session } from '@lastword/sdk'
import { checkChunk, chunkOf, countOf, sizeOf } from './chunks.ts'

/** After so many bytes the handler stops for a while. */
const stopEveryBytes = 4 * 1024 * 1024
const stopMs = 20

/** Offers everything, as fast as the session has room for it. Resolves when all of it is handled. */
export async function produce(session: Session, bytes: number): Promise<{ sent: number; waits: number }> {
  const count = countOf(bytes)
  let waits = 0
  let handled = 0
  let failure: unknown
  let resolveAll!: () => void
  const all = new Promise<void>((resolve) => {
    resolveAll = resolve
  })
  const fail = (error: unknown) => {
    failure ??= error
    resolveAll()
  }
  for (let number = 0; number < count && failure === undefined; number++) {
    if (await hadToWait(session.ready)) waits += 1
    session.send('chunk', chunkOf(number)).then(() => {
      handled += 1
      if (handled === count) resolveAll()
    }, fail)
  }
  await all
  if (failure !== undefined) throw failure
  return { sent: count, waits }
}

/** Handles everything, one message at a time, and slower than anybody produces. */
export function handleSlowly(session: Session, onHandled: (messages: number, bytes: number) => void): void {
  let handled = 0
  let bytes = 0
  session.handle('chunk', async (chunk) => {
    checkChunk(chunk, handled)
    const before = bytes
    bytes += sizeOf(handled)
    handled += 1
    const stops = Math.floor(bytes / stopEveryBytes) > Math.floor(before / stopEveryBytes)
    await new Promise<void>((resolve) => {
      if (stops) setTimeout(resolve, stopMs)
      else setImmediate(resolve)
    })
    onHandled(handled, bytes)
  })
}

/** True if the promise does not resolve within this turn of the event loop. */
async function hadToWait(promise: Promise<void>): Promise<boolean> {
  let waited = false
  const mark = setImmediate(() => {
    waited = true
  })
  await promise
  clearImmediate(mark)
  return waited
}
