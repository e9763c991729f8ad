import type { Session } from '@lastword/sdk'
import { openLastword } from '../stacks/lastword.ts'
import type { Address } from '../stacks/listen.ts'
import { watching } from './peak.ts'
import { messageOf } from './work.ts'

let session: Session

export const commands = {
  ...watching,
  async connect(address: Address): Promise<void> {
    session = await openLastword(address)
  },
  /** Sends whenever there is room. */
  async push(count: number): Promise<void> {
    let handled = 0
    let failed = (_error: unknown) => {}
    let done = () => {}
    const all = new Promise<void>((resolve, reject) => {
      done = resolve
      failed = reject
    })
    const onHandled = () => {
      handled += 1
      if (handled === count) done()
    }
    for (let n = 0; n < count; n++) {
      await session.ready
      session.send('take', messageOf(n)).then(onHandled, failed)
    }
    await all
  },
}
