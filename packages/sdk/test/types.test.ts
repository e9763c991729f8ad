// `tsc -p tsconfig.tests.json` proves that what is marked is an error, and that all the rest is none.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { connect, contract, type Journal, type Session } from '../src/node.ts'

const signaling = contract({
  offer: {
    payload: z.object({ sdp: z.string(), at: z.string().transform(Number) }),
    reply: z.object({ sdp: z.string().transform((text) => text.length) }),
  },
  candidate: { payload: z.object({ candidate: z.string() }) },
  anything: {},
})

async function client(): Promise<void> {
  const session = connect('ws://x/', { contract: signaling })

  // Input types go in, output types come out.
  const reply = await session.request('offer', { sdp: 'x', at: '5' })
  const length: number = reply.sdp
  await session.send('candidate', { candidate: 'x' })
  await session.send('offer', { sdp: String(length), at: '5' })
  await session.send('anything', [1, 'two'])
  session.note('candidate', { candidate: 'x' })
  session.onNote('candidate', ({ candidate }) => candidate.length)

  const writer = session.writable.getWriter()
  await writer.write({ name: 'candidate', payload: { candidate: 'x' }, id: 'c-1', redelivered: true })
  await writer.write({ name: 'anything' })
  // @ts-expect-error no payload where the contract wants one
  await writer.write({ name: 'candidate' })
  // @ts-expect-error there is no such message
  await writer.write({ name: 'typo', payload: 1 })
  // @ts-expect-error a stream is aborted as a whole
  await writer.write({ name: 'anything', signal: AbortSignal.timeout(1) })
  const read = (await session.readable.getReader().read()).value?.name satisfies string | undefined
  void read

  // @ts-expect-error there is no such message
  await session.send('ofer', { sdp: 'x' })
  // @ts-expect-error a payload of the wrong shape
  await session.send('candidate', { candidat: 'x' })
  // @ts-expect-error no payload where the contract wants one
  void session.send('candidate')
  // @ts-expect-error the transform's output where its input belongs
  await session.request('offer', { sdp: 'x', at: 5 })
  // @ts-expect-error a message without a reply is not a request
  await session.request('candidate', { candidate: 'x' })
  // @ts-expect-error the reply's input type is not what comes out
  const text: string = (await session.request('offer', { sdp: 'x', at: '5' })).sdp
  // @ts-expect-error there is no such event
  session.on('message', () => {})
  // @ts-expect-error nor such a note
  session.note('typo', 1)
  void text
}

function losing(): void {
  connect('ws://x/', {
    contract: signaling,
    onSessionLost({ report, messages, resend }) {
      const ids: string[] = [...report.unknown, ...messages.map(({ id }) => id)]
      const outcomes: Array<Promise<unknown>> = resend(connect('ws://x/', { contract: signaling })).map(
        ({ outcome }) => outcome,
      )
      // @ts-expect-error a session that says something else
      resend(connect('ws://x/', { contract: contract({ other: {} }) }))
      void ids
      void outcomes
    },
  })
}

function handlers(session: Session<typeof signaling>): void {
  session.handle('offer', ({ sdp, at }, message) => {
    const number: number = at
    const id: string = message.id
    return { sdp: sdp + number + id + message.payload.at.toFixed() }
  })
  session.handle('offer', async ({ sdp }) => ({ sdp }))
  const list: string[] = []
  // Where no reply is asked, what a handler returns does not matter.
  session.handle('candidate', ({ candidate }) => list.push(candidate))
  session.handle('candidate', async ({ candidate }) => list.push(candidate))

  // @ts-expect-error a reply of the wrong type
  session.handle('offer', () => ({ sdp: 5 }))
  // @ts-expect-error the same, later
  session.handle('offer', async () => 'sdp')
  // @ts-expect-error no reply at all
  session.handle('offer', () => {})
  // @ts-expect-error there is no such message
  session.handle('ofer', () => {})
  // @ts-expect-error the payload has no such field
  session.handle('candidate', ({ mid }) => mid)
}

async function withoutContract(): Promise<void> {
  const session = connect('ws://x/')
  session.handle('any', (payload, message) => [payload.whatever, message.id])
  session.handle('any', () => {})
  const answer = await session.request('any', { of: 'any shape' })
  await session.send('any', answer.and.so.on)
}

async function perhapsKept(journal: Journal, perhaps: Journal | undefined): Promise<void> {
  const kept: Promise<Session<typeof signaling>> = connect('ws://x/', { contract: signaling, journal })
  const bare: Session<typeof signaling> = connect('ws://x/', { contract: signaling, journal: undefined })
  const either: Session<typeof signaling> | Promise<Session<typeof signaling>> = connect('ws://x/', {
    contract: signaling,
    journal: perhaps,
    sessionId: 'x',
  })
  const options: { journal?: Journal } = {}
  await (await connect('ws://x/', options)).send('any')
  await (await either).send('candidate', { candidate: 'x' })
  // @ts-expect-error it may be a promise
  void either.send('candidate', { candidate: 'x' })
  // @ts-expect-error the contract holds here as well
  await (await connect('ws://x/', { contract: signaling, journal: perhaps })).send('candidat')
  // @ts-expect-error no journal
  void connect('ws://x/', { journal: 5 })
  // @ts-expect-error a name is of no use without a journal
  void connect('ws://x/', { sessionId: 'x' })
  void kept
  void bare
}

test('what the compiler has checked above is written against what there is', () => {
  // Called, they would open connections: that they compile is the test.
  for (const written of [client, losing, perhapsKept, handlers, withoutContract])
    expect(written).toBeInstanceOf(Function)
})
