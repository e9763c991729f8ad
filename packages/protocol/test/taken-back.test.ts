import { describe, expect, test } from 'vitest'
import { decodeFrame } from '../src/decode.ts'
import { encodeBinaryFrame, encodeMessage } from '../src/encode.ts'
import { Outbox } from '../src/outbox.ts'
import { SeqRing } from '../src/seq-ring.ts'
import { SettledAbove } from '../src/settled-above.ts'

const window = { messages: 1024, bytes: 4_194_304 }
const message = (id: string) => encodeMessage(id, { text: '"x"' }, id)

function started(count: number) {
  const outbox = new Outbox<string>(window, Number.POSITIVE_INFINITY)
  const messages = Array.from({ length: count }, (_, i) => message(`m${i + 1}`))
  for (const one of messages) outbox.push(one)
  outbox.rewind()
  return { outbox, messages }
}

function transmitAll(outbox: Outbox<string>): string[] {
  const left: string[] = []
  for (let next = outbox.next(Infinity, 'text'); next !== undefined; next = outbox.next(Infinity, 'text')) {
    left.push('t' in next ? `fin ${next.seq}` : `${next.id} ${next.seq}`)
  }
  return left
}

describe('a link from which nothing left', () => {
  test('gives its messages back to the queue, in order, with fin behind them and numbers to come', () => {
    const { outbox, messages } = started(2)
    outbox.requestFin(undefined, undefined)
    expect(transmitAll(outbox)).toEqual(['m1 1', 'm2 2', 'fin 3'])
    outbox.unleave()
    expect(messages.map((one) => [one.state, one.seq])).toEqual([
      ['queued', 0],
      ['queued', 0],
    ])
    expect([outbox.queuedCount, outbox.inFlightCount, outbox.last]).toEqual([2, 0, 0])
    outbox.rewind()
    expect(transmitAll(outbox)).toEqual(['m1 1', 'm2 2', 'fin 3'])
  })

  test('leaves what an earlier link had sent in flight', () => {
    const { outbox, messages } = started(1)
    transmitAll(outbox)
    outbox.rewind()
    const late = message('late')
    outbox.push(late)
    transmitAll(outbox)
    outbox.unleave()
    expect(messages[0]?.state).toBe('in-flight')
    expect(outbox.fateOf(messages[0] as never)).toBe('unknown')
    expect([late.state, outbox.fateOf(late)]).toEqual(['queued', 'not-sent'])
  })

  test('lets a message be taken back that never comes after that', () => {
    const { outbox, messages } = started(2)
    transmitAll(outbox)
    outbox.unleave()
    expect(outbox.drop(messages[0] as never)).toBe(true)
    outbox.rewind()
    expect(transmitAll(outbox)).toEqual(['m2 1'])
  })
})

describe('a message that was taken back', () => {
  test('keeps none of its memory, and leaves the direction as if it had never been', () => {
    const outbox = new Outbox<string>(window, Number.POSITIVE_INFINITY)
    const binary = encodeMessage('b', { payload: new Uint8Array(50_000) }, 'b')
    outbox.push(binary)
    expect(outbox.untouched).toBe(false)
    outbox.drop(binary)
    expect([binary.payload, binary.rest, outbox.bytes, outbox.untouched]).toEqual([undefined, '', 0, true])
  })
})

describe('acknowledgements that say the same again and again', () => {
  test('cost a look-up each, however long their ranges are', () => {
    const settled = new SettledAbove(1)
    for (let seq = 2; seq <= 60_000; seq++) settled.add(seq)
    expect(settled.skip(2)).toBe(60_001)
    let lookUps = 0
    const get = SeqRing.prototype.get
    SeqRing.prototype.get = function (this: SeqRing<unknown>, seq: number) {
      lookUps++
      return get.call(this, seq)
    } as typeof get
    try {
      for (let i = 0; i < 100; i++) expect(settled.skip(2)).toBe(60_001)
    } finally {
      SeqRing.prototype.get = get
    }
    expect(lookUps).toBeLessThan(1_000)
  })

  test('settle each message once', () => {
    const { outbox } = started(6)
    transmitAll(outbox)
    const ids = (n: number, also: Array<[number, number]>) =>
      outbox.acknowledge({ t: 'ack', n, also }).map((one) => one.id)
    expect(ids(0, [[3, 4]])).toEqual(['m3', 'm4'])
    expect(ids(0, [[2, 5]])).toEqual(['m2', 'm5'])
    expect(ids(0, [[2, 5]])).toEqual([])
    expect(outbox.acknowledge({ t: 'ack', n: 6 }).map((one) => one.id)).toEqual(['m1', 'm6'])
    expect(outbox.inFlightCount).toBe(0)
  })
})

describe('a binary payload', () => {
  const limits = { frameBytesMax: 1_000 }
  const frame = encodeBinaryFrame('{"t":"msg","seq":1,"id":"a"}', new Uint8Array([1, 2, 3]))

  test('is copied out of a buffer that it shares', () => {
    const shared = Buffer.alloc(64 * 1024)
    shared.set(frame, 100)
    const { payload } = decodeFrame(shared.subarray(100, 100 + frame.length), frame.length, limits)
    expect(payload).toEqual(new Uint8Array([1, 2, 3]))
    expect(payload?.buffer.byteLength).toBe(3)
  })

  test('is a view of a frame that has its memory to itself', () => {
    expect(decodeFrame(frame, frame.length, limits).payload?.buffer).toBe(frame.buffer)
  })
})
