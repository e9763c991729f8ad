// `tsc -p tsconfig.tests.json` proves that what is marked is an error, and that all the rest is none.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { contract, createAdapter } from '../src/index.ts'

const signaling = contract({
  offer: { payload: z.object({ sdp: z.string() }), reply: z.object({ sdp: z.string() }) },
  candidate: { payload: z.object({ candidate: z.string() }) },
})

const adapter = createAdapter({
  contract: signaling,
  authenticate: async ({ request }) => request.url ?? false,
})

adapter.onSession((session, { identity }) => {
  session.handle('offer', ({ sdp }) => ({ sdp: sdp + identity }))
  void session.send('candidate', { candidate: 'x' })
  // @ts-expect-error a reply of the wrong type
  session.handle('offer', ({ sdp }) => ({ answer: sdp }))
  // @ts-expect-error there is no such message
  void session.send('candidates', { candidate: 'x' })
  // @ts-expect-error a message without a reply is not a request
  void session.request('candidate', { candidate: 'x' })
})

adapter.onSession(async (session) => {
  for await (const message of session) await message.reply(message.payload)
})

test('what the compiler refuses, the call refuses where it can tell', () => {
  // @ts-expect-error there is no such event
  expect(() => adapter.on('session', () => {})).toThrowError(/there is no event/)
  // @ts-expect-error an identity is a string, which shows only when somebody comes
  expect(() => createAdapter({ authenticate: () => ({ user: 'me' }) })).not.toThrow()
})
