import { describe, expect, it } from 'vitest'
import { closeCodes } from '../src/codes.ts'
import { encodeNote } from '../src/encode.ts'
import type { Envelope } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { Pair, Subject } from './pair.ts'
import { frameBytes, readFrame } from './sim/endpoint.ts'

const kinds = (envelopes: Envelope[]) => envelopes.map(({ t }) => t)

describe('opening', () => {
  it('puts hello and what was sent at once into the first frame', () => {
    const client = new Subject('client')
    client.send('a')
    client.input({ type: 'link-start', link: 1 })
    expect(kinds(client.pollEnvelopes())).toEqual(['hello', 'msg'])
  })

  it('waits for welcome before it replays on a resumed link', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.cut(1)
    pair.client.send('a')
    pair.start(2)
    expect(pair.client.poll()).toEqual([])
    pair.carry(2)
    expect(pair.server.all('message').map(({ envelope }) => envelope.id)).toEqual(['a'])
  })

  it('keeps the link that it has when the hello of an earlier one comes late', () => {
    const pair = new Pair()
    pair.client.input({ type: 'link-start', link: 1 })
    const late = pair.client.machine.pollFrame() as string
    pair.connect(2)
    pair.admit(3, late)
    expect(pair.server.all('link-close')).toMatchObject([{ link: 3, code: closeCodes.superseded }])
    expect(pair.server.machine.attached).toBe(true)
  })

  it('gives a link up whose welcome does not come, and wants another', () => {
    const client = new Subject('client')
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'link-open', link: 1 })
    expect(client.wait(9_999)).toEqual([])
    expect(client.wait(1)).toMatchObject([{ type: 'link-close', code: closeCodes.helloTimeout }])
    expect(client.machine.wantsLink).toBe(true)
  })

  it('waits for no welcome on a link that is told to be open after it came', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.input({ type: 'link-open', link: 1 })
    pair.client.wait(10_000)
    expect(pair.client.machine.attached).toBe(true)
  })
})

describe('inputs that make no sense', () => {
  it('are answered, and change nothing', () => {
    const { client, server } = new Pair()
    client.input({ type: 'away', after: 10 })
    client.input({ type: 'handled', seq: 7 })
    client.input({ type: 'cancel', re: 'nobody' })
    client.input({ type: 'note', text: encodeNote('n', '1') })
    client.receive(5, [{ t: 'ack', n: 9 }])
    client.endLink(5)
    server.input({ type: 'link-start', link: 1 })
    client.input({ type: 'timeout' })
    expect([...client.outputs, ...server.outputs]).toEqual([])
    expect([client.poll(), server.poll()]).toEqual([[], []])
  })

  it('refuses a message behind fin as not sent', () => {
    const { client } = new Pair()
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'fin' })
    client.send('late')
    expect(client.all('failed')).toMatchObject([
      { messages: [{ message: { id: 'late' }, fate: 'not-sent' }] },
    ])
  })

  it('takes neither messages nor another end after the end', () => {
    const { client } = new Pair()
    client.input({ type: 'abort', code: 'aborted', reason: '' })
    client.input({ type: 'abort', code: 'aborted', reason: '' })
    client.finish()
    client.send('late')
    expect(client.all('ended')).toHaveLength(1)
    expect(client.all('failed')).toHaveLength(1)
    expect(client.machine.nextTimeout()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('faults of the peer', () => {
  it('drop the link and not the session, until they come three times with nothing handled in between', () => {
    const pair = new Pair()
    for (const link of [1, 2, 3]) {
      pair.connect(link)
      pair.server.receive(link, 'garbage')
      pair.client.endLink(link)
      expect(pair.server.machine.ended).toBe(link === 3)
    }
    expect(pair.server.all('ended')).toMatchObject([{ report: { code: 'protocol-fault', clean: false } }])
  })

  it('end the session when it sends more than the window allows', () => {
    const pair = new Pair()
    pair.connect(1)
    const flood = Array.from({ length: 1_025 }, (_, i): Envelope => ({ t: 'msg', seq: i + 1, id: `m${i}` }))
    pair.server.receive(1, flood)
    expect(pair.server.all('ended')).toMatchObject([{ report: { code: 'window-exceeded' } }])
    expect(pair.server.all('message')).toHaveLength(1_024)
  })
})

describe('closing', () => {
  it('ends clean on both sides when both have said fin and handled everything', () => {
    const pair = new Pair()
    pair.client.send('a')
    pair.connect(1)
    pair.client.finish()
    pair.server.finish()
    pair.carry(1)
    expect(pair.server.all('ended')).toEqual([])
    pair.server.input({ type: 'handled', seq: 1 })
    pair.carry(1)
    const last = pair.server.all('link-close')[0]?.last
    if (last !== undefined) pair.client.receive(1, last)
    expect(pair.client.all('ended')).toMatchObject([{ report: { clean: true, handled: ['a'] } }])
  })

  it('closes the link behind the last acknowledgement, and on hearing it', () => {
    const pair = finished()
    const [farewell] = pair.client.all('link-close')
    expect(farewell).toMatchObject({ link: 1, code: closeCodes.normal })
    expect(readFrame(farewell?.last as string).envelopes).toEqual([{ t: 'ack', n: 1 }])
    expect(pair.server.all('link-close')).toEqual([])
    pair.server.receive(1, farewell?.last as string)
    expect(pair.server.all('link-close')).toMatchObject([
      { link: 1, code: closeCodes.normal, last: undefined },
    ])
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('says that the client is done with the last word when its fin came behind its acknowledgement of ours', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.server.finish()
    for (const frame of pair.server.poll()) pair.client.receive(1, frame)
    pair.client.finish()
    for (const frame of pair.client.poll()) pair.server.receive(1, frame)
    expect(pair.server.all('link-close')).toMatchObject([{ code: closeCodes.normal, peerDone: true }])
    // However the link ends, the client has no reason to come back.
    pair.client.receive(1, pair.server.all('link-close')[0]?.last as string)
    pair.client.endLink(1)
    expect(pair.client.all('released')).toHaveLength(1)
    // The server cannot know that before it has seen a clean end.
    expect(pair.server.all('released')).toEqual([])
  })

  it('does not say so when its fin came before that, for then the client wants to see a clean end', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.finish()
    for (const frame of pair.client.poll()) pair.server.receive(1, frame)
    pair.server.finish()
    for (const frame of pair.server.poll()) {
      if (String(frame).includes('fin')) pair.client.receive(1, JSON.stringify([{ t: 'fin', seq: 1 }]))
    }
    for (const frame of pair.client.poll()) pair.server.receive(1, frame)
    expect(pair.server.all('link-close')).toMatchObject([{ code: closeCodes.normal, peerDone: false }])
    expect(pair.client.all('ended')).toEqual([])
    pair.client.receive(1, [{ t: 'ack', n: 1 }])
    pair.client.endLink(1)
    expect(pair.client.machine.wantsLink).toBe(true)
  })

  it('is not said by a client, which leaves it to the server to end the connection', () => {
    const pair = finished()
    expect(pair.client.all('link-close')).toMatchObject([{ peerDone: false }])
  })

  it('asks the client to come back once more when its last acknowledgement may be lost', () => {
    const pair = finished()
    expect(pair.client.machine.wantsLink).toBe(false)
    pair.client.endLink(1)
    expect(pair.client.machine.wantsLink).toBe(true)
    expect(pair.client.all('released')).toEqual([])
  })

  it('takes a close with a code of the peer for no answer to the last word', () => {
    const pair = finished()
    pair.client.endLink(1, { code: closeCodes.keepaliveTimeout, clean: true })
    expect(pair.client.all('released')).toEqual([])
    expect(pair.client.machine.wantsLink).toBe(true)
  })

  it('releases a session when the close handshake carried its own code', () => {
    const pair = finished()
    pair.client.endLink(1, { code: closeCodes.normal, clean: true })
    expect(pair.client.all('released')).toHaveLength(1)
  })

  it('leaves a link for another with 4409, which no server takes for the end', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.start(2)
    expect(pair.client.all('link-close')).toEqual([])
    pair.carry(2)
    expect(pair.client.all('link-close')).toMatchObject([{ link: 1, code: closeCodes.superseded }])
  })

  it('keeps the reset of a server until it has been heard', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.server.input({ type: 'abort', code: 'shutdown', reason: 'down' })
    pair.cut(1)
    expect(pair.server.all('released')).toEqual([])
    pair.start(2)
    const last = pair.server.all('link-close').at(-1)?.last as string
    pair.client.receive(2, last)
    expect(pair.client.all('ended')).toMatchObject([{ report: { code: 'shutdown', by: 'peer' } }])
  })

  it('remembers a session that a later link ended, while an earlier hello may be under way', () => {
    const pair = new Pair()
    pair.client.input({ type: 'link-start', link: 1 })
    const late = pair.client.machine.pollFrame() as string
    pair.connect(2)
    pair.client.input({ type: 'abort', code: 'aborted', reason: '' })
    pair.server.receive(2, pair.client.all('link-close').at(-1)?.last as string)
    expect(pair.server.machine.ended).toBe(true)
    expect(pair.server.all('released')).toEqual([])
    pair.admit(3, late)
    expect(pair.server.all('link-close').at(-1)).toMatchObject({ link: 3, code: closeCodes.superseded })
    pair.server.wait(60_000)
    expect(pair.server.all('released')).toHaveLength(1)
  })

  it('forgets at once a session that lived on the first link only', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.input({ type: 'abort', code: 'aborted', reason: '' })
    pair.server.receive(1, pair.client.all('link-close').at(-1)?.last as string)
    expect(pair.server.all('released')).toHaveLength(1)
  })

  it('waits no longer than usual for the welcome of a link on which it finished', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.server.send('s')
    pair.server.finish()
    pair.client.finish()
    pair.carry(1)
    pair.cut(1)
    const { client } = pair
    client.input({ type: 'link-start', link: 2 })
    client.input({ type: 'link-open', link: 2 })
    client.input({ type: 'handled', seq: 1 })
    expect(client.machine.ended).toBe(true)
    client.wait(10_000)
    expect(client.machine.wantsLink).toBe(true)
  })

  it('ends as close-timeout to the millisecond', () => {
    const { client } = new Pair()
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'close', timeoutMs: 500 })
    client.wait(499)
    expect(client.machine.ended).toBe(false)
    client.wait(1)
    expect(client.all('ended')).toMatchObject([{ report: { code: 'close-timeout', by: 'local' } }])
  })

  it('expires on the server to the millisecond, and not while there is a link', () => {
    const pair = new Pair(undefined, { ttlMs: 1_000, keepaliveMs: 100_000 })
    pair.connect(1)
    pair.server.wait(5_000)
    pair.cut(1)
    pair.server.wait(999)
    expect(pair.server.machine.ended).toBe(false)
    pair.server.wait(1)
    expect(pair.server.all('ended')).toMatchObject([{ report: { code: 'expired' } }])
  })
})

describe('frames', () => {
  it('fin joins a batch only where it stays one', () => {
    for (const spare of [100, 300, 1_000]) {
      const pair = new Pair()
      pair.connect(1)
      const { client } = pair
      client.send('small')
      client.send('filler', { text: JSON.stringify('x'.repeat(limits.batchBytesMax - 200 - spare)) })
      client.input({ type: 'fin', reason: '\u0007'.repeat(120) })
      const frames = client.poll()
      expect(Math.max(...frames.map(frameBytes))).toBeLessThanOrEqual(limits.batchBytesMax)
      expect(kinds(frames.flatMap((frame) => readFrame(frame).envelopes))).toEqual(['msg', 'msg', 'fin'])
      expect(frames).toHaveLength(spare < 800 ? 2 : 1)
    }
  })

  it('carry thousands of cancels in pieces that a peer takes', () => {
    const pair = new Pair(undefined, { maxBytes: limits.maxBytesMin })
    pair.connect(1)
    for (let i = 0; i < 5_000; i++) pair.client.input({ type: 'cancel', re: `${'r'.repeat(50)}${i}` })
    pair.carry(1)
    expect(pair.server.all('cancel')).toHaveLength(5_000)
    expect(pair.server.all('fault')).toEqual([])
  })

  it('carry the acknowledgement of thousands of gaps in pieces that a peer takes', () => {
    const window = { messages: 65_536, bytes: 2 ** 30 }
    const pair = new Pair({ maxBytes: limits.maxBytesMin, window }, { window })
    pair.connect(1)
    for (let i = 0; i < 20_000; i++) pair.client.send(`m${i}`)
    pair.carry(1)
    for (let seq = 2; seq <= 20_000; seq += 2) pair.server.input({ type: 'handled', seq })
    pair.carry(1)
    expect(pair.client.all('fault')).toEqual([])
    expect(pair.client.machine.inFlightCount).toBe(10_000)
  })

  it('answer pings that were not read with one pong', () => {
    const pair = new Pair()
    pair.connect(1)
    for (let k = 1; k <= 100; k++) pair.server.receive(1, [{ t: 'ping', k }])
    expect(pair.server.pollEnvelopes()).toEqual([{ t: 'pong', k: 100 }])
  })

  it('let notes fill no window', () => {
    const pair = new Pair()
    pair.connect(1)
    const text = encodeNote('n', JSON.stringify('n'.repeat(50_000)))
    for (let i = 0; i < 100; i++) {
      pair.client.send(`m${i}`)
      pair.client.input({ type: 'note', text })
      pair.carry(1)
    }
    expect(pair.server.all('note')).toHaveLength(100)
    expect(pair.server.all('ended')).toEqual([])
  })

  it('have no more notes than a frame may have envelopes', () => {
    const pair = new Pair()
    pair.connect(1)
    for (let i = 0; i < 4_000; i++) pair.client.input({ type: 'note', text: '{"t":"note"}' })
    pair.carry(1)
    expect(pair.server.all('note')).toHaveLength(4_000)
  })

  it('keep notes beside messages within the length of a batch', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.send('a', { text: JSON.stringify('x'.repeat(64_000)) })
    pair.client.send('b')
    pair.client.input({ type: 'note', text: encodeNote('n', JSON.stringify('n'.repeat(3_000))) })
    const frames = pair.client.poll()
    expect(Math.max(...frames.map(frameBytes))).toBeLessThanOrEqual(limits.batchBytesMax)
    expect(kinds(frames.flatMap((frame) => readFrame(frame).envelopes))).toEqual(['msg', 'msg', 'note'])
  })

  it('cut reasons to what a peer takes', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.server.input({ type: 'away', after: 5, reason: 'r'.repeat(200) })
    pair.server.input({ type: 'fin', reason: 'r'.repeat(200) })
    pair.carry(1)
    expect(pair.client.all('fault')).toEqual([])
    expect(pair.client.all('away')[0]?.reason).toHaveLength(limits.reasonCharsMax)
    expect(pair.client.all('peer-fin')[0]?.reason).toHaveLength(limits.reasonCharsMax)
  })
})

describe('keepalive', () => {
  it('asks after a silence, and gives the link up when nothing is heard for as long again', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.wait(15_000)
    expect(kinds(pair.client.pollEnvelopes())).toEqual(['ping'])
    pair.client.wait(14_999)
    expect(pair.client.machine.attached).toBe(true)
    pair.client.wait(1)
    expect(pair.client.all('detached')).toMatchObject([{ code: closeCodes.keepaliveTimeout }])
  })
})

/** Both have closed and handled everything; the client knows it, and its last acknowledgement is on its way. */
function finished(): Pair {
  const pair = new Pair()
  pair.connect(1)
  pair.client.finish()
  for (const frame of pair.client.poll()) pair.server.receive(1, frame)
  pair.server.finish()
  for (const frame of pair.server.poll()) pair.client.receive(1, frame)
  return pair
}

describe('a refused link', () => {
  const refused = (code: string, got?: number) => [
    { t: 'reset' as const, code, ...(got === undefined ? {} : { got }) },
  ]
  const fates = (client: Subject) =>
    client.all('failed').flatMap(({ messages }) => messages.map(({ message, fate }) => [message.id, fate]))

  /** A client whose first link is open and has carried what it sent. */
  function opened(early: boolean): Subject {
    const client = new Subject('client')
    client.send('a')
    client.send('b', { payload: new Uint8Array(1) })
    client.input({ type: 'link-start', link: 1 })
    client.input({ type: 'link-open', link: 1, early })
    client.poll()
    return client
  }

  it.each([
    'key-mismatch',
    'identity-mismatch',
    'unauthorized',
    'origin-forbidden',
    'version-unsupported',
    'sessions-full',
    'identity-full',
    'shutdown',
  ])('R-131: %s says that nothing of it had any effect', (code) => {
    const client = opened(false)
    client.receive(1, refused(code))
    expect(fates(client)).toEqual([
      ['a', 'not-sent'],
      ['b', 'not-sent'],
    ])
    expect(client.all('ended')[0]?.report).toMatchObject({ code, unknown: [], notSent: ['a', 'b'] })
  })

  it('R-131: says nothing where hello may have been repeated on its way', () => {
    const client = opened(true)
    client.receive(1, refused('unauthorized'))
    expect(fates(client)).toEqual([
      ['a', 'unknown'],
      ['b', 'unknown'],
    ])
  })

  it('R-131: says nothing where the server has the session, or ends it for another reason', () => {
    const has = opened(false)
    has.receive(1, refused('unauthorized', 1))
    expect(fates(has)).toEqual([
      ['a', 'received'],
      ['b', 'unknown'],
    ])
    for (const [code, got] of [
      ['aborted', undefined],
      ['unauthorized', 0],
      ['later-code', undefined],
    ] as const) {
      const client = opened(false)
      client.receive(1, refused(code, got))
      expect(fates(client)).toEqual([
        ['a', 'unknown'],
        ['b', 'unknown'],
      ])
    }
  })

  it('R-131: says nothing of what had left on a link before', () => {
    const client = opened(false)
    client.endLink(1)
    client.send('c')
    client.input({ type: 'link-start', link: 2 })
    client.input({ type: 'link-open', link: 2, early: false })
    client.poll()
    client.receive(2, refused('unauthorized'))
    expect(fates(client)).toEqual([
      ['a', 'unknown'],
      ['b', 'unknown'],
      ['c', 'not-sent'],
    ])
  })

  it('R-131: is over once it is welcomed: what was sent on it counts', () => {
    const pair = new Pair()
    pair.client.input({ type: 'link-start', link: 1 })
    pair.client.input({ type: 'link-open', link: 1, early: false })
    pair.admit(1, pair.client.machine.pollFrame() as string)
    pair.carry(1)
    pair.client.send('a')
    pair.client.poll()
    pair.client.receive(1, refused('shutdown'))
    expect(fates(pair.client)).toEqual([['a', 'unknown']])
  })
})
