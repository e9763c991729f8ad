import type { Session } from '@lastword/sdk'
import { openLastword } from '../stacks/lastword.ts'
import type { Address } from '../stacks/listen.ts'
import { type Asked, type AskWork, askAll } from './asking.ts'

let session: Session

export const commands = {
  async connect(address: Address): Promise<void> {
    session = await openLastword(address)
  },
  ask: (work: AskWork): Promise<Asked> =>
    askAll(work, (question, onReply, onFailure) => {
      session.request('ask', { ...question }).then(onReply, onFailure)
    }),
}
