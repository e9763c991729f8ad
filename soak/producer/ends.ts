import type { Session } from '@lastword/sdk'
import { checkChunk, chunkOf, countOf, sizeOf } from './chunks.ts'
import type { Load } from './messages.ts'

/** After so many bytes the handler stops for a while. */
const stopEveryBytes = 4 * 1024 * 1024
const stopMs = 20

/** Offers everything, as fast as the session has room for it. Resolves when all of it is handled. */
export function produce(session: Session, { way, bytes }: Load): Promise<{ sent: number; waits: number }> {
  return way === 'ready' ? sendAll(session, countOf(bytes)) : writeAll(session, countOf(bytes))
}

async function sendAll(session: Session, count: number): Promise<{ sent: number; waits: number }> {
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

async function writeAll(session: Session, count: number): Promise<{ sent: number; waits: number }> {
  const writer = session.writable.getWriter()
  let waits = 0
  for (let number = 0; number < count; number++) {
    if (await hadToWait(writer.ready)) waits += 1
    // One that fails makes the stream fail, which the next wait tells.
    writer.write({ name: 'chunk', payload: chunkOf(number) }).catch(() => {})
  }
  await writer.close()
  return { sent: count, waits }
}

/** Handles everything, one message at a time, and slower than anybody produces. Rejects if one is not as it was sent. */
export async function handleSlowly(
  session: Session,
  { way }: Load,
  onHandled: (messages: number, bytes: number) => void,
): Promise<void> {
  const slowly = new SlowHandler(onHandled)
  if (way === 'ready') session.handle('chunk', (chunk) => slowly.take(chunk))
  else for await (const { payload } of session.readable) await slowly.take(payload)
}

class SlowHandler {
  readonly #onHandled: (messages: number, bytes: number) => void
  #handled = 0
  #bytes = 0

  constructor(onHandled: (messages: number, bytes: number) => void) {
    this.#onHandled = onHandled
  }

  async take(chunk: unknown): Promise<void> {
    checkChunk(chunk, this.#handled)
    const before = this.#bytes
    this.#bytes += sizeOf(this.#handled)
    this.#handled += 1
    const stops = Math.floor(this.#bytes / stopEveryBytes) > Math.floor(before / stopEveryBytes)
    await new Promise<void>((resolve) => {
      if (stops) setTimeout(resolve, stopMs)
      else setImmediate(resolve)
    })
    this.#onHandled(this.#handled, this.#bytes)
  }
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
