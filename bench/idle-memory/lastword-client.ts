import { openLastword } from '../stacks/lastword.ts'
import { type Crowd, greeting, openAll } from './opening.ts'

export const commands = {
  open: (crowd: Crowd) =>
    openAll(crowd, async (address, used) => {
      const session = await openLastword(address)
      if (used) await session.request('echo', greeting)
      return session
    }),
}
