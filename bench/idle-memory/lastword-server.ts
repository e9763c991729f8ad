import { serveLastword } from '../stacks/lastword.ts'
import type { Tls } from '../stacks/listen.ts'
import { memoryAtRest } from './memory.ts'

export const commands = {
  memory: memoryAtRest,
  listen: (tls: Tls) =>
    serveLastword(tls, (session) => {
      session.handle('echo', (value) => value)
    }),
}
