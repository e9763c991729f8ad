import { connect, type Session } from '@lastword/sdk'
import { type Address, urlOf } from '../stacks/listen.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let session: Session

/** lastword as the README sets it up, with its defaults. */
export const commands = {
  async connect(address: Address): Promise<void> {
    session = connect(urlOf(address), address.ca === undefined ? {} : { tls: { ca: address.ca } })
    await session.opened
  },
  send: (work: Work): Promise<Sent> => slide(work, (message) => session.send('take', message)),
}
