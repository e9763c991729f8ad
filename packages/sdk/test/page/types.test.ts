// `tsc -p tsconfig.tests.json` proves it: whoever takes a session of the full client's shape may be given a page's.
import {
  connect as connectInNode,
  contract,
  type DeliveryError as FullDeliveryError,
  type Session,
} from '@lastword/sdk'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { PageSession } from '../../src/page/connect-options.ts'
import { connect, DeliveryError } from '../../src/page/index.ts'

const signaling = contract({
  offer: { payload: z.object({ sdp: z.string() }), reply: z.object({ sdp: z.string() }) },
  candidate: { payload: z.object({ candidate: z.string() }) },
})

type Shared = Pick<Session<typeof signaling>, keyof PageSession>

async function written(): Promise<void> {
  const session: Shared = connect('wss://x/', { contract: signaling, halfOpen: true, onFull: 'wait' })
  const again: Shared = connectInNode('wss://x/', { contract: signaling })
  const page: PageSession<typeof signaling> = connectInNode('wss://x/', { contract: signaling })
  const answer: string = (await session.request('offer', { sdp: 'x' })).sdp
  // @ts-expect-error there is no such message
  await session.send('ofer', { sdp: answer })
  // @ts-expect-error a payload of the wrong shape
  await session.send('candidate', { candidat: 'x' })
  // @ts-expect-error a page's client has no streams
  page.writable.getWriter()
  // @ts-expect-error and no trace
  connect('wss://x/', { trace: () => {} })
  try {
    await again.send('candidate', { candidate: 'x' })
  } catch (error) {
    if (error instanceof DeliveryError) error.fate satisfies 'not-sent' | 'received' | 'unknown'
    if (error instanceof DeliveryError) error satisfies FullDeliveryError
  }
}

test('what the compiler has checked above is written against what there is', () => {
  expect(written).toBeInstanceOf(Function)
})
