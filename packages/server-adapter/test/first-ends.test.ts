import type { ProxyConnection } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { FirstEnds } from '../src/first-ends.ts'
import { type Scheme, type Served, schemes, serve, until, within } from './harness.ts'

/** A server that answers and closes at once, and the connections to it. */
async function answering(scheme: Scheme): Promise<Served & { met: ProxyConnection[] }> {
  const met: ProxyConnection[] = []
  const served = await serve(scheme, { onConnection: (connection) => met.push(connection) })
  served.adapter.onSession((session) => {
    session.handle('offer', () => {
      void session.close()
      return 'answer'
    })
  })
  return { ...served, met }
}

describe.each(schemes)('%s', (scheme) => {
  test('behind its last word the server ends the connection without waiting for the client', async () => {
    const { adapter, connect, met } = await answering(scheme)
    // Nothing more of the client comes through, before the last word has even left: there is nothing to wait for.
    adapter.onSession((session) => session.on('closed', () => met[0]?.toServer.stall()))
    const session = connect()
    expect(await session.request('offer')).toBe('answer')
    expect(await within('the client', session.close())).toMatchObject({ clean: true })
    expect(met[0]?.toClient.ended).toBe(true)
    expect(adapter.sessionCount).toBe(1)
    met[0]?.toServer.unstall()
    await until(() => adapter.sessionCount === 0, { what: 'the adapter to forget the session' })
  })

  test('where a way ends both directions with one, the next session gets the time for its close frame', async () => {
    const { adapter, connect, met } = await answering(scheme)
    for (const turn of [0, 1]) {
      const session = connect()
      await until(() => met[turn], { what: 'the connection' })
      // As nginx does it: once all has gone to the client both sides are closed, whatever the client still says.
      met[turn]?.onServerEnd(() => met[turn]?.cut('end'))
      expect(await session.request('offer')).toBe('answer')
      expect(await within('the client', session.close())).toMatchObject({ clean: true })
      // The first one is kept, for its client might have lost the last word; of the second one all is known.
      await until(() => adapter.stats().links === 0, { what: 'the link to end' })
      await until(() => adapter.sessionCount === 1, { what: 'what is over to be forgotten' })
    }
    expect(met).toHaveLength(2)
  })
})

test('an address is waited for ten minutes long, and only that one', () => {
  const ends = new FirstEnds()
  ends.unanswered('192.0.2.1', 0)
  expect(ends.allowed('192.0.2.1', 599_999)).toBe(false)
  expect(ends.allowed('192.0.2.2', 0)).toBe(true)
  ends.unanswered('192.0.2.1', 300_000)
  expect(ends.allowed('192.0.2.1', 899_999)).toBe(false)
  expect(ends.allowed('192.0.2.1', 900_000)).toBe(true)
  expect(ends.allowed('192.0.2.1', 0)).toBe(true)
})

test('no more than so many addresses are remembered, the latest ones', () => {
  const ends = new FirstEnds()
  for (let n = 0; n <= 4096; n++) ends.unanswered(`address ${n}`, 0)
  expect(ends.allowed('address 0', 1)).toBe(true)
  expect(ends.allowed('address 1', 1)).toBe(false)
  expect(ends.allowed('address 4096', 1)).toBe(false)
})
