import { createRequire } from 'node:module'
import { connect } from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'

// A client that leaves its session to its journal while a message waits for its handler: nothing may keep it alive then.
const { url, folder, from } = JSON.parse(process.argv[2] as string) as Record<
  'url' | 'folder' | 'from',
  string
>
// What is native cannot be bundled.
const { Level } = createRequire(from)('level') as typeof import('level')

async function main(): Promise<void> {
  const journal = levelJournal(new Level(folder))
  const session = await connect(url, { journal })
  await session.opened
  const sent = session.send('note', 'kept', { id: 'm-1' }).catch(({ fate }) => fate)
  await new Promise<void>((resolve) => process.once('message', () => resolve()))
  await session.leave()
  await journal.close()
  const { code } = await session.closed
  process.send?.({ code, fate: await sent, leftAt: Date.now() })
  process.disconnect()
}

void main()
