// What a session promises is written down in the tests of `packages/session`. Here they run with a page's client in the
// place of the client.
import * as protocol from '@lastword/protocol'
import { afterEach, beforeEach, vi } from 'vitest'
import { restoreGlobals } from './pair.ts'

vi.mock('../../../session/test/pair.ts', async (original) => {
  const actual = await original<typeof import('../../../session/test/pair.ts')>()
  const { pagePairs } = await import('./pair.ts')
  return { ...actual, ...pagePairs(actual) }
})

// The page has error classes of its own, with the same names.
for (const [name, kind] of Object.entries(protocol)) {
  if (typeof kind !== 'function' || !name.endsWith('Error')) continue
  Object.defineProperty(kind, Symbol.hasInstance, { value: (error?: Error) => error?.name === name })
}

/** What a page's client does not have or do, or what is about an engine's own parts; docs/pages.md says so. */
const notHere: Array<[name: RegExp, why: string]> = [
  [/throws an ArgumentError at the call|contract does not have throws/, 'arguments are left to the compiler'],
  [/R-121: a message that may have been handled/, 'the same; connect.test.ts tries it'],
  [/^a payload with .* is refused here/, 'its errors have no remedy; connect.test.ts tries it'],
  [/binary message whose meta is too large/, 'the same'],
  [/nothing is kept of|is over leaves no timer|keep the order of the calls$/, 'looks into the other engine'],
  [/the error says what is missing$/, 'its sentences are shorter'],
  [/message id that comes twice/, 'an id that is under way is refused'],
  [/cancelling while the link is lost/, 'a cancellation is said once'],
  [/travels as bytes$/, 'notes carry JSON'],
  [/notes are validated on the way out/, 'a note that does not fit is an error event'],
  [/both sides go through their life in order/, 'it tells its owner of no states: it is the owner'],
  [/links that are lost before that are one/, 'it opens the next link by itself'],
]

beforeEach(({ task, skip }) => {
  const why = notHere.find(([name]) => name.test(task.name))?.[1]
  if (why) skip(why)
})

afterEach(restoreGlobals)

await import('../../../session/test/sending.test.ts')
await import('../../../session/test/closing.test.ts')
await import('../../../session/test/handlers.test.ts')
await import('../../../session/test/iteration.test.ts')
await import('../../../session/test/notes.test.ts')
await import('../../../session/test/life.test.ts')
await import('../../../session/test/waiting-for-room.test.ts')
