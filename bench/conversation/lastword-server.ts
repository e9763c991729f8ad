import { nowMs } from '../harness/now.ts'
import { serveLastword } from '../stacks/lastword.ts'
import type { Serving } from './conversing.ts'
import { answerTo } from './offer.ts'

let knownMs: number | undefined

/** lastword as the README sets it up, with its defaults. */
export const commands = {
  listen: ({ tls, closer }: Serving) =>
    serveLastword(tls, (session) => {
      session.handle('offer', (message) => {
        if (closer === 'server') void session.close()
        return answerTo(message)
      })
      session.on('closed', ({ clean }) => {
        knownMs = clean ? nowMs() : undefined
      })
    }),
  /** When it knew of the last conversation that the client has handled the answer, in ms. */
  known: () => knownMs,
}
