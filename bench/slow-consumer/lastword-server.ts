import { serveLastword } from '../stacks/lastword.ts'
import type { Tls } from '../stacks/listen.ts'
import { consume, consuming } from './consuming.ts'

export const commands = {
  ...consuming,
  listen: (tls: Tls) =>
    serveLastword(tls, (session) => {
      session.handle('take', consume)
    }),
}
