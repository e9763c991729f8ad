import { queryObjects } from 'node:v8'
import { expect, test } from 'vitest'
import { Answers } from '../src/answers.ts'
import { Closing } from '../src/closing.ts'
import { Notes } from '../src/notes.ts'
import { OpenMessages } from '../src/open-messages.ts'
import { Room } from '../src/room.ts'
import { deferred, type Pair, pair } from './pair.ts'

/**
 * A server has sessions by the thousand, and most of them are idle: what they do not need now, none of them may hold.
 * Counted among all objects that are alive, for nobody else can be asked what a session holds.
 */
const onlyWhileUsed = { Answers, Closing, Notes, OpenMessages, Room }

test('sessions that are idle after a request and its reply hold nothing of what only messages, notes and closing need', async () => {
  const pairs = await Promise.all(Array.from({ length: 5 }, () => pair()))
  const held = deferred<string>()
  for (const { server } of pairs) server.session.handle('echo', () => held.promise)
  const replies = pairs.map(({ client }) => client.session.request('echo', 'there'))
  await settled(pairs)
  expect(alive(), 'while a handler is busy').toMatchObject({ OpenMessages: pairs.length })
  held.resolve('there')
  await settled(pairs)
  expect(await Promise.all(replies)).toEqual(pairs.map(() => 'there'))
  expect(alive(), 'when everything is acknowledged').toEqual({
    Answers: 0,
    Closing: 0,
    Notes: 0,
    OpenMessages: 0,
    Room: 0,
  })
  // Only now may they go.
  expect(pairs.map(({ server }) => server.session.state)).toEqual(pairs.map(() => 'open'))
})

async function settled(pairs: readonly Pair[]): Promise<void> {
  for (const { platform } of pairs) await platform.settle()
}

function alive(): Record<string, number> {
  const counts = Object.entries(onlyWhileUsed).map(([name, made]) => [name, queryObjects(made) as number])
  return Object.fromEntries(counts)
}
