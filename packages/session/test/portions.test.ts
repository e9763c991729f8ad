import type { JournalWrite } from '@lastword/protocol'
import { expect, test } from 'vitest'
import type { SessionJournal } from '../src/index.ts'
import { later, type Pair, pair } from './pair.ts'

const text = 'x'.repeat(400)

/** Sends so many messages of some 450 bytes, in one turn. */
function send({ client }: Pair, count: number): void {
  for (let n = 0; n < count; n++) void later(client.session.send('n', { n, text }))
}

function numbersIn(frame: string | Uint8Array | undefined): number[] {
  return JSON.parse(String(frame)).map(({ d }: { d: { n: number } }) => d.n)
}

test('what is much beside what is under way leaves before its turn has ended, and the rest at its end', async () => {
  const made = await pair()
  const { sent } = made.links[0]
  sent.length = 0
  send(made, 9)
  expect(sent).toHaveLength(0)
  send(made, 1)
  expect(sent.map(numbersIn)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8]])
  await made.platform.settle()
  expect(sent).toHaveLength(2)
})

test('the more is under way, the more waits for the end of the turn, up to 32 KiB', async () => {
  const made = await pair()
  const { sent } = made.links[0]
  made.links[1].mute = true
  send(made, 600)
  await made.platform.settle()
  sent.length = 0
  send(made, 60)
  expect(sent).toHaveLength(0)
  send(made, 20)
  expect(sent.length).toBeGreaterThan(0)
})

test('with a journal, what changes in one turn is one write and leaves behind it', async () => {
  const writes: JournalWrite[] = []
  const journal = {
    write: async (write: JournalWrite) => void writes.push(write),
    remove: async () => {},
    release: async () => {},
    onWanted: () => {},
  } satisfies SessionJournal
  const made = await pair({ kept: { journal } })
  await made.platform.settle()
  made.links[0].sent.length = 0
  writes.length = 0
  send(made, 40)
  expect(made.links[0].sent).toHaveLength(0)
  await made.platform.settle()
  expect(writes[0]?.add).toHaveLength(40)
})
