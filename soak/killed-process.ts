import { connect, type Session } from '@lastword/sdk'
import { levelJournal } from '@lastword/sdk/journal-level'
import { Level } from 'level'
import { Random } from '../packages/protocol/test/sim/random.ts'
import { endWithParent, tellParent } from './child.ts'
import { type FromClient, idOf, numberOf, type ToClient } from './killed/messages.ts'

/** A client that keeps its session in a journal on disk, and may be killed at any moment. */

const tell = (message: FromClient) => tellParent(message)

endWithParent()
process.on('message', (message: ToClient) => {
  live(message).catch((error: unknown) => {
    tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
})

async function live({
  url,
  ca,
  folder,
  from,
  seed,
  count = Number.POSITIVE_INFINITY,
}: ToClient): Promise<void> {
  const journal = levelJournal(new Level(folder))
  const connected = () => connect(url, { journal, tls: { ca } })
  let session = await connected()
  const restored = watched(session)
  tell({ type: 'opened', restored: session.restored.length })
  // One that was being closed when its process ended takes nothing more.
  while (session.state === 'closing') {
    await session.close()
    session = await connected()
    restored.push(...watched(session))
  }
  const random = new Random(seed)
  const sent: Promise<void>[] = []
  for (let number = from; number < from + count; ) {
    const burst = random.int(1, 5)
    for (let i = 0; i < burst && number < from + count; i++, number++) sent.push(send(session, number))
    const last = number - 1
    await session.stored()
    tell({ type: 'stored', number: last })
    // At times everything is handled before more is sent, at times nothing is waited for.
    if (random.int(1, 4) === 1) await Promise.all([...sent, ...restored])
  }
  await Promise.all([...sent, ...restored])
  const { clean } = await session.close()
  const left = (await journal.list()).length
  await journal.close()
  tell({ type: 'finished', clean, left })
}

/** Tells what becomes of the messages of the lives before. */
function watched(session: Session): Promise<void>[] {
  return session.restored.map(async ({ id, done }) => {
    await done
    tell({ type: 'handled', number: numberOf(id) })
  })
}

async function send(session: Session, number: number): Promise<void> {
  tell({ type: 'sending', number })
  const payload = number % 3 === 0 ? Uint8Array.of(number & 255, 0, 255) : { number }
  if (number % 4 === 0) await session.request('item', payload, { id: idOf(number) })
  else await session.send('item', payload, { id: idOf(number) })
  tell({ type: 'handled', number })
}
