import { connect, type Session } from '@lastword/sdk'
import { urlOf } from '../stacks/listen.ts'
import { journalOf } from './journals.ts'
import { openMany } from './open-many.ts'
import { paced } from './paced.ts'
import { sliding } from './sliding.ts'
import { type Burst, type Opening, type Pace, textOf } from './work.ts'

const sessions: Session[] = []

export const commands = {
  open: ({ address, setting: { window, journal: kind }, connections }: Opening) => {
    const journal = journalOf(kind)
    return openMany(connections, async () => {
      const options = { ...(window !== undefined && { window }) }
      const session = await connect(urlOf(address), { ...options, journal })
      await session.opened
      sessions.push(session)
    })
  },
  paced: (pace: Pace) =>
    paced(pace, (n) => (sessions[n % sessions.length] as Session).send('take', { n, text: 'a message' })),
  burst: ({ count, outstanding, bytes }: Burst): Promise<number> => {
    const text = textOf(bytes)
    return sliding(count, outstanding, () => (sessions[0] as Session).send('take', text))
  },
}
