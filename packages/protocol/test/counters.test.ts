import { describe, expect, it } from 'vitest'
import { Counters } from '../src/counters.ts'
import { encodeNote } from '../src/encode.ts'
import type { Frame, PingEnvelope } from '../src/envelope.ts'
import { Pair, Subject } from './pair.ts'
import { frameBytes } from './sim/endpoint.ts'

/** Frames and their bytes, counted where they go by. */
function countFrames(subject: Subject) {
  const seen = { frames: 0, bytes: 0 }
  const { machine } = subject
  const poll = machine.pollFrame.bind(machine)
  const count = (frame: Frame | undefined) => {
    if (frame === undefined) return frame
    seen.frames++
    seen.bytes += frameBytes(frame)
    return frame
  }
  machine.pollFrame = (strictBytes) => count(poll(strictBytes))
  return {
    seen,
    lastWords: () => {
      for (const { last } of subject.all('link-close')) count(last)
      return seen
    },
  }
}

describe('counters', () => {
  it('count messages, frames and their bytes as they go over the links', () => {
    const pair = new Pair()
    const counted = { client: countFrames(pair.client), server: countFrames(pair.server) }
    pair.client.send('a', { text: '"grüße"', name: 'é' })
    pair.client.send('b', { payload: new Uint8Array(100) })
    pair.client.send('c', { ask: true })
    pair.connect(1)
    pair.client.input({ type: 'note', text: encodeNote('ü', '1') })
    pair.client.input({ type: 'note', text: encodeNote('n', undefined), payload: new Uint8Array(7) })
    pair.client.send('d')
    pair.server.send('reply', { re: 'c' })
    pair.carry(1)
    for (const seq of [1, 2, 3]) pair.server.input({ type: 'handled', seq })
    pair.client.input({ type: 'handled', seq: 1 })
    pair.carry(1)
    const client = pair.client.machine.counters
    const server = pair.server.machine.counters
    expect(client).toMatchObject({ links: 1, sent: { messages: 4, replayed: 0, handled: 3 } })
    expect(client).toMatchObject({ received: { messages: 1, duplicates: 0, handled: 1 } })
    expect(server).toMatchObject({ links: 1, sent: { messages: 1, replayed: 0, handled: 1 } })
    expect(server).toMatchObject({ received: { messages: 4, duplicates: 0, handled: 3 } })
    expect(client.sent).toMatchObject(counted.client.seen)
    expect(server.sent).toMatchObject(counted.server.seen)
    // The greeting of a link is read before the machine has it.
    expect(client.received).toMatchObject(counted.server.seen)
    expect(server.received.frames).toBe(counted.client.seen.frames)
    expect(server.received.bytes).toBe(counted.client.seen.bytes)
  })

  it('count last words: what ends a session in good order, and what resets it', () => {
    for (const end of ['finish', 'abort'] as const) {
      const pair = new Pair()
      const counted = countFrames(pair.client)
      pair.connect(1)
      if (end === 'abort') pair.client.input({ type: 'abort', code: 'aborted', reason: 'grüße' })
      else {
        pair.server.finish()
        pair.client.finish()
        pair.carry(1)
      }
      expect(pair.client.machine.ended).toBe(true)
      expect(pair.client.machine.counters.sent).toMatchObject(counted.lastWords())
    }
  })

  it('count what is sent again, and what is dropped because it came before', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.send('a')
    pair.client.send('b')
    pair.carry(1)
    pair.client.send('c')
    pair.client.poll()
    pair.cut(1)
    pair.connect(2)
    expect(pair.client.machine.counters).toMatchObject({ links: 2, sent: { messages: 3, replayed: 1 } })
    expect(pair.server.machine.counters).toMatchObject({ links: 2, received: { messages: 3, duplicates: 0 } })
    // A client that was never welcomed sends everything again at once.
    const again = new Pair()
    again.client.send('a')
    again.start(1)
    again.cut(1)
    again.connect(2)
    expect(again.client.machine.counters.sent).toMatchObject({ messages: 1, replayed: 1 })
    expect(again.server.machine.counters.received).toMatchObject({ messages: 1, duplicates: 1 })
  })

  it('take back what never left', () => {
    const { client } = new Pair()
    client.send('a')
    client.send('b')
    client.input({ type: 'link-start', link: 1 })
    client.poll()
    expect(client.machine.counters.sent).toMatchObject({ messages: 2, replayed: 0 })
    client.endLink(1, { neverLeft: true })
    expect(client.machine.counters.sent).toMatchObject({ messages: 0, replayed: 0 })
    client.input({ type: 'link-start', link: 2 })
    client.poll()
    expect(client.machine.counters.sent).toMatchObject({ messages: 2, replayed: 0 })
  })

  it('add up to a total over sessions', () => {
    const total = new Counters()
    for (const _ of [1, 2]) {
      const pair = new Pair({}, { total })
      pair.client.send('a')
      pair.connect(1)
      pair.server.input({ type: 'handled', seq: 1 })
      pair.carry(1)
    }
    expect(total).toMatchObject({ links: 2, received: { messages: 2, handled: 2 } })
  })
})

describe('the round trip', () => {
  it('is known from hello and welcome where hello was sent on the open link, and not before', () => {
    const client = new Subject('client')
    const { counters } = client.machine
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'link-open', link: 1, early: false })
    expect(counters.roundTripMs).toBeUndefined()
    client.now = 30
    client.receive(1, [welcome(false)])
    expect(counters).toMatchObject({ roundTripMs: 30, smoothedRoundTripMs: 30 })
  })

  it('is not taken from a hello that went with the upgrade request', () => {
    const client = new Subject('client')
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'link-open', link: 1, early: true })
    client.now = 1
    client.receive(1, [welcome(false)])
    expect(client.machine.counters.roundTripMs).toBeUndefined()
  })

  it('is known from ping and pong, smoothed, and a greeting says nothing any more then', () => {
    const client = new Subject('client')
    const { counters } = client.machine
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'link-open', link: 1, early: false })
    client.now = 500
    client.receive(1, [welcome(false)])
    const pingIn = (ms: number) => {
      client.wait(15_000)
      const ping = client.pollEnvelopes().find(({ t }) => t === 'ping') as PingEnvelope
      client.now += ms
      client.receive(1, [{ t: 'pong', k: ping.k }])
    }
    pingIn(40)
    expect(counters).toMatchObject({ roundTripMs: 40, smoothedRoundTripMs: 40 })
    pingIn(80)
    expect(counters).toMatchObject({ roundTripMs: 80, smoothedRoundTripMs: 45 })
    client.now += 9
    client.receive(1, [
      { t: 'pong', k: 2 },
      { t: 'pong', k: 1 },
      { t: 'pong', k: 7 },
    ])
    expect(counters.roundTripMs).toBe(80)
    client.endLink(1)
    client.input({ type: 'link-start', link: 2 })
    client.input({ type: 'link-open', link: 2, early: false })
    client.now += 500
    client.receive(2, [welcome(true)])
    expect(counters).toMatchObject({ roundTripMs: 80, smoothedRoundTripMs: 45 })
  })

  it('R-130: a server asks behind the welcome of a resumed session, and has recovered once that is answered', () => {
    const pair = new Pair()
    pair.connect(1)
    expect(pair.server.all('recovered')).toEqual([])
    pair.cut(1)
    pair.start(2)
    const frames = pair.server.poll()
    pair.server.now += 25
    expect(pair.server.all('attached')).toHaveLength(2)
    // Something that was sent before: it says nothing of this link's other way.
    pair.server.receive(2, [{ t: 'pong', k: 0 }])
    expect(pair.server.all('recovered')).toEqual([])
    for (const frame of frames) pair.client.receive(2, frame)
    pair.carry(2)
    expect(pair.server.all('recovered')).toEqual([{ type: 'recovered', link: 2 }])
    expect(pair.server.machine.counters.roundTripMs).toBe(25)
    pair.server.receive(2, [{ t: 'pong', k: 1 }])
    expect(pair.server.all('recovered')).toHaveLength(1)
  })
})

function welcome(resumed: boolean) {
  const window = { messages: 1024, bytes: 4 * 1024 * 1024 }
  const sid = 'session-of-the-test'
  const rest = { got: 0, window, ttl: 60_000, keepalive: 15_000, maxBytes: 1024 * 1024 }
  return { t: 'welcome' as const, sid, resumed, ...rest }
}
