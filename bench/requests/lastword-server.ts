import { serveLastword } from '../stacks/lastword.ts'
import type { Tls } from '../stacks/listen.ts'

export const commands = {
  listen: (tls: Tls) =>
    serveLastword(tls, (session) => {
      session.handle('ask', (question) => question)
    }),
}
