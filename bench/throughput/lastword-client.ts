import type { Session } from '@lastword/sdk'
import { openLastword } from '../stacks/lastword.ts'
import type { Address } from '../stacks/listen.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let session: Session

export const commands = {
  async connect(address: Address): Promise<void> {
    session = await openLastword(address)
  },
  send: (work: Work): Promise<Sent> => slide(work, (message) => session.send('take', message)),
}
