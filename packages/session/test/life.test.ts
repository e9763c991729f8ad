import type { CloseReport } from '@lastword/protocol'
import { describe, expect, test } from 'vitest'
import { type Pair, pair, unlinked } from './pair.ts'

test('both sides go through their life in order', async () => {
  const made = unlinked()
  const { client, server } = made
  expect(client.session.state).toBe('connecting')
  await made.link()
  await made.lose()
  expect([client.session.state, server.session.state]).toEqual(['recovering', 'recovering'])
  await made.link()
  const closing = client.session.close()
  await made.platform.settle()
  await closing
  const events = ['open', 'recovering', 'recovered', 'closing', 'closed']
  expect(client.log).toEqual(events)
  expect(server.log).toEqual(events)
  const states = ['open', 'recovering', 'open', 'closing', 'closed']
  expect(client.states).toEqual(states)
  expect(server.states).toEqual(states)
})

test('a server has recovered when the client has answered, and not before', async () => {
  const made = await pair()
  await made.lose()
  const seen = made.heard(() => [...made.server.log])
  await made.link()
  // With hello, nothing of this link has been answered.
  expect(seen[0]).toEqual(['open', 'recovering'])
  expect(made.server.log).toEqual(['open', 'recovering', 'recovered'])
})

test('links that are lost before that are one and the same search', async () => {
  const made = await pair()
  await made.lose()
  // The server hears hello, and none of its answers arrives.
  made.muteServer = true
  await made.link()
  expect(made.server.session.state).toBe('recovering')
  await made.platform.advance(700)
  await made.lose()
  made.muteServer = false
  let downMs: number | undefined
  made.server.session.on('recovered', (event) => {
    downMs = event.downMs
  })
  await made.platform.advance(300)
  await made.link()
  expect(made.server.log).toEqual(['open', 'recovering', 'recovered'])
  expect(downMs).toBe(1_000)
  expect(made.client.log).toEqual(['open', 'recovering', 'recovered'])
})

describe('lost', () => {
  const reports = (made: Pair) => {
    const got: Array<[string, CloseReport]> = []
    for (const side of ['client', 'server'] as const) {
      made[side].session.on('lost', (report) => got.push([side, report]))
    }
    return got
  }

  test('tells a server that no link came for too long, and its client when it comes back', async () => {
    const made = await pair()
    const got = reports(made)
    void made.server.session.send('n', 1, { id: 's-1' }).catch(() => {})
    await made.platform.settle()
    await made.lose()
    await made.platform.advance(60_000)
    expect(got).toMatchObject([['server', { code: 'expired', by: 'local', received: [], unknown: ['s-1'] }]])
    expect(made.server.log.slice(-2)).toEqual(['lost', 'closed'])
    await made.link()
    expect(got[1]).toMatchObject(['client', { code: 'expired', by: 'peer' }])
    expect(made.client.log.slice(-2)).toEqual(['lost', 'closed'])
  })

  test('tells a client that the server does not know the session any more', async () => {
    const made = await pair()
    const got = reports(made)
    await made.lose()
    made.serverForgets = true
    await made.link()
    expect(got).toMatchObject([['client', { code: 'session-unknown', by: 'peer', clean: false }]])
    expect(made.client.log).toEqual(['open', 'recovering', 'lost', 'closed'])
  })

  test('does not tell of a session that was given up, or ended well', async () => {
    const made = await pair()
    const got = reports(made)
    made.client.session.abort()
    await made.platform.settle()
    expect(made.server.log.at(-1)).toBe('closed')
    expect(got).toEqual([])
  })
})
