import { serveLastword } from '../stacks/lastword.ts'
import type { Tls } from '../stacks/listen.ts'
import { receiving, take } from './receiver.ts'

export const commands = {
  ...receiving,
  listen: (tls: Tls) =>
    serveLastword(tls, (session) => {
      session.handle('take', take)
    }),
}
