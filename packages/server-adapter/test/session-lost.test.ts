import {
  ArgumentError,
  connect,
  contract,
  type LostSession,
  type ResentMessage,
  type Session,
} from '@lastword/sdk'
import { certificate } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createAdapter } from '../src/index.ts'
import { atTheEnd, later, open, type Served, serve, until, within } from './harness.ts'

const quickly = { nextDelayMs: () => 0 }

/**
 * A server that can be restarted without memory, and what its handlers have seen in all of its lives. A client that was
 * never welcomed would open its session there anew: tests wait for its welcome before that.
 */
async function forgetfulServer() {
  const seen: Array<[name: string, id: string, redelivered: boolean, life: number]> = []
  let life = 1
  let hold = true
  const listen = (adapter: Served['adapter']) => {
    adapter.onSession((session) => {
      session.on('error', () => {})
      atTheEnd(() => session.abort())
      for (const name of ['tell', 'ask', 'bytes']) {
        session.handle(name, (payload, { id, redelivered }) => {
          seen.push([name, id, redelivered, life])
          // In its first life it never finishes.
          return hold ? new Promise(() => {}) : { got: payload }
        })
      }
    })
  }
  const served = await serve('wss', { onConnection: () => {} })
  listen(served.adapter)
  return {
    ...served,
    seen,
    restart() {
      life++
      hold = false
      const adapter = createAdapter()
      listen(adapter)
      served.wss.removeAllListeners('connection')
      served.wss.on('connection', adapter.connection())
      for (const connection of served.proxy.connections) connection.cut('reset')
    },
  }
}

test('a server restarts without memory: what nobody acknowledged is sent again under the same ids, marked', async () => {
  const { seen, restart, connect: start } = await forgetfulServer()
  const events: string[] = []
  let lost: LostSession<unknown> | undefined
  let resent: ResentMessage[] = []
  let second: Session | undefined
  const first = start({
    reconnect: quickly,
    queuedBytesMax: 1_000,
    onFull: 'wait',
    onSessionLost(event) {
      events.push('onSessionLost')
      lost = event
      second = start({ reconnect: quickly })
      resent = event.resend(second)
    },
  })
  first.on('lost', () => events.push('lost'))
  first.on('closed', () => events.push('closed'))
  const given = new AbortController()
  const sent = [
    later(first.send('tell', { n: 1 }, { id: 'told', meta: { trace: 'x' } })),
    later(first.request('ask', { n: 2 }, { id: 'asked' })),
    later(first.send('bytes', new Uint8Array([1, 2, 3]), { id: 'bytes' })),
    later(first.send('tell', 'never mind', { id: 'given-up', signal: given.signal })),
    // There is no room for it.
    later(first.request('ask', 'x'.repeat(2_000), { id: 'waiting' })),
  ]
  await within('the welcome', first.opened)
  await until(() => seen.length === 4, { what: 'the handlers to be called' })
  given.abort()
  restart()
  const report = await within('the end of the first session', first.closed)
  expect(report).toMatchObject({ clean: false, code: 'session-unknown', by: 'peer' })
  expect(events).toEqual(['lost', 'closed', 'onSessionLost'])
  for (const promise of sent) await expect(promise).rejects.toMatchObject({ code: 'delivery-failed' })
  expect(lost?.report).toEqual(report)
  const fate = expect.stringMatching(/received|unknown/)
  expect(lost?.messages).toEqual([
    {
      id: 'told',
      name: 'tell',
      payload: { n: 1 },
      meta: { trace: 'x' },
      isRequest: false,
      fate,
      redelivered: false,
    },
    { id: 'asked', name: 'ask', payload: { n: 2 }, isRequest: true, fate, redelivered: false },
    {
      id: 'bytes',
      name: 'bytes',
      payload: new Uint8Array([1, 2, 3]),
      isRequest: false,
      fate,
      redelivered: false,
    },
    {
      id: 'waiting',
      name: 'ask',
      payload: 'x'.repeat(2_000),
      isRequest: true,
      fate: 'not-sent',
      redelivered: false,
    },
  ])
  expect(resent.map(({ id, name, isRequest }) => [id, name, isRequest])).toEqual([
    ['told', 'tell', false],
    ['asked', 'ask', true],
    ['bytes', 'bytes', false],
    ['waiting', 'ask', true],
  ])
  const outcomes = await within('what was sent again', Promise.all(resent.map(({ outcome }) => outcome)))
  expect(outcomes).toEqual([undefined, { got: { n: 2 } }, undefined, { got: 'x'.repeat(2_000) }])
  expect(seen.filter(([, , , life]) => life === 2)).toEqual([
    ['tell', 'told', true, 2],
    ['ask', 'asked', true, 2],
    ['bytes', 'bytes', true, 2],
    // It was certainly not handled before.
    ['ask', 'waiting', false, 2],
  ])
  expect(seen.filter(([, , redelivered, life]) => life === 1 && redelivered)).toEqual([])
  expect((await within('the close', (second as Session).close())).clean).toBe(true)
})

test('what was marked as sent again stays marked when it is lost once more, whatever its fate', async () => {
  const { seen, restart, connect: start } = await forgetfulServer()
  let lost: LostSession<unknown> | undefined
  const first = start({
    reconnect: quickly,
    queuedBytesMax: 500,
    onFull: 'wait',
    onSessionLost: (event) => (lost = event),
  })
  void later(first.send('tell', 'x'.repeat(600), { id: 'a' }))
  void later(first.send('tell', 1, { id: 'b', redelivered: true }))
  await within('the welcome', first.opened)
  await until(() => seen.length === 1, { what: 'the handler to be called' })
  restart()
  await within('the end', first.closed)
  expect(lost?.messages).toMatchObject([
    { id: 'a', redelivered: false },
    { id: 'b', redelivered: true, fate: 'not-sent' },
  ])
  for (const { outcome } of (lost as LostSession<unknown>).resend(start()))
    await within('the message', outcome)
  expect(seen.slice(1)).toEqual([
    ['tell', 'a', true, 2],
    ['tell', 'b', true, 2],
  ])
})

test('a schema has seen the messages once; it does not see them again', async () => {
  const numbers = contract({
    tell: { payload: z.object({ n: z.string().transform(Number) }) },
    ask: { payload: z.string().transform((text) => text.length), reply: z.object({ got: z.number() }) },
  })
  const { url, seen, restart } = await forgetfulServer()
  const { cert } = await certificate()
  const resent: ResentMessage[] = []
  const start = (options = {}) => {
    const session = connect(url, { contract: numbers, tls: { ca: cert }, reconnect: quickly, ...options })
    atTheEnd(() => session.abort())
    return session
  }
  const first = start({
    onSessionLost: (lost: LostSession<typeof numbers>) => resent.push(...lost.resend(start())),
  })
  void later(first.send('tell', { n: '5' }))
  void later(first.request('ask', 'four'))
  await within('the welcome', first.opened)
  await until(() => seen.length === 2, { what: 'the handlers to be called' })
  restart()
  await until(() => resent.length === 2, { what: 'the loss' })
  const outcomes = await within('the messages', Promise.all(resent.map(({ outcome }) => outcome)))
  expect(outcomes).toEqual([undefined, { got: 4 }])
})

describe('what resend is given', () => {
  async function lostOne(): Promise<LostSession<unknown>> {
    const { seen, restart, connect: start } = await forgetfulServer()
    let lost: LostSession<unknown> | undefined
    const session = start({ reconnect: quickly, onSessionLost: (event) => (lost = event) })
    void later(session.request('ask', 1))
    await within('the welcome', session.opened)
    await until(() => seen.length === 1, { what: 'the handler to be called' })
    restart()
    await until(() => lost, { what: 'the loss' })
    return lost as LostSession<unknown>
  }

  test('may be over: each outcome says so', async () => {
    const lost = await lostOne()
    const over = open('ws://127.0.0.1:1/')
    over.abort()
    const [resent] = lost.resend(over)
    await expect(resent?.outcome).rejects.toMatchObject({ code: 'delivery-failed', fate: 'not-sent' })
  })

  test('must be a session', async () => {
    const lost = await lostOne()
    for (const nothing of [{}, undefined, null, 'session']) {
      expect(() => lost.resend(nothing as never)).toThrowError(ArgumentError)
    }
  })

  test('may have it already: a request is under way once', async () => {
    const lost = await lostOne()
    const session = open('ws://127.0.0.1:1/', { reconnect: { nextDelayMs: () => 60_000 } })
    void later((lost.resend(session)[0] as ResentMessage).outcome)
    const [again] = lost.resend(session)
    await expect(again?.outcome).rejects.toMatchObject({ code: 'argument-invalid' })
  })
})

test('a session that ends in any other way is not lost', async () => {
  const { connect: start } = await forgetfulServer()
  let called = false
  const session = start({ onSessionLost: () => (called = true) })
  void later(session.send('tell', 1))
  await within('the session to open', session.opened)
  session.abort()
  await within('the end', session.closed)
  expect(called).toBe(false)
})
