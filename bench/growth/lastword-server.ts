import { serveLastword } from '../stacks/lastword.ts'
import { counting, take } from './counting.ts'
import { journalOf } from './journals.ts'
import type { Serving } from './work.ts'

/** Nobody is asked whether he is there while a sample is taken: with thousands of sessions that would be half of it. */
const keepaliveMs = 600_000

export const commands = {
  ...counting,
  listen: ({ tls, setting: { window, journal } }: Serving) =>
    serveLastword(tls, (session) => session.handle('take', take), {
      keepaliveMs,
      sessionsPerIdentityMax: 100_000,
      // A payload of 1 MiB has its envelope around it.
      maxBytes: 2 * 2 ** 20,
      ...(window !== undefined && { window }),
      ...(journal !== 'none' && { journal: journalOf(journal) }),
    }),
}
