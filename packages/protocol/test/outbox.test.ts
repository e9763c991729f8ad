import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../src/encode.ts'
import { limits } from '../src/limits.ts'
import { Outbox } from '../src/outbox.ts'
import { collectGarbage } from './collect-garbage.ts'
import { faultOf } from './fault.ts'

const wide = { messages: 1_000, bytes: 1_000_000 }
const message = (id: string, text = '1') => encodeMessage(id, { text }, undefined)

/** What may be transmitted now. */
function transmit(box: Outbox<unknown>): string[] {
  const out: string[] = []
  for (let next = box.next(1_000_000, 'text'); next !== undefined; next = box.next(1_000_000, 'text')) {
    out.push('t' in next ? `fin ${next.seq}` : `${next.id} ${next.seq}`)
  }
  return out
}

function boxWith(ids: string[], window = wide): Outbox<unknown> {
  const box = new Outbox<unknown>(window, Number.POSITIVE_INFINITY)
  for (const id of ids) box.push(message(id))
  return box
}

describe('Outbox', () => {
  it('transmits as many messages as the window has, and fin behind the last', () => {
    const box = boxWith(['a', 'b', 'c'], { messages: 2, bytes: 1_000 })
    box.requestFin(undefined, undefined)
    expect(transmit(box)).toEqual(['a 1', 'b 2'])
    box.acknowledge({ t: 'ack', n: 1 })
    expect(transmit(box)).toEqual(['c 3', 'fin 4'])
  })

  it('fills the window to the byte, and not one further', () => {
    const { bytes } = message('a')
    expect(transmit(boxWith(['a', 'b'], { messages: 9, bytes: 2 * bytes }))).toHaveLength(2)
    expect(transmit(boxWith(['a', 'b'], { messages: 9, bytes: 2 * bytes - 1 }))).toHaveLength(1)
  })

  it('keeps nothing of a message that is acknowledged, whatever waits behind it', async () => {
    const box = new Outbox<unknown>({ messages: 1, bytes: 1_000_000 }, Number.POSITIVE_INFINITY)
    // Nothing but the box refers to the first one when this has returned.
    const first = (() => {
      const one = message('a')
      box.push(one)
      return new WeakRef(one)
    })()
    for (const id of ['b', 'c', 'd']) box.push(message(id))
    expect(transmit(box)).toEqual(['a 1'])
    await collectGarbage()
    expect(first.deref()).toBeDefined()
    box.acknowledge({ t: 'ack', n: 1 })
    await collectGarbage()
    expect(first.deref()).toBeUndefined()
    expect(transmit(box)).toEqual(['b 2'])
  })

  it('lets one message go that is larger than the whole window', () => {
    expect(transmit(boxWith(['a', 'b'], { messages: 9, bytes: 1 }))).toEqual(['a 1'])
  })

  it('never lets its numbers run further ahead than the span', () => {
    const box = new Outbox<unknown>({ messages: 10, bytes: 1_000_000 }, Number.POSITIVE_INFINITY)
    for (let i = 0; i <= limits.sequenceSpanMax; i++) {
      box.push(message('m'))
      transmit(box)
      if (box.last > 1) box.acknowledge({ t: 'ack', n: 0, also: [[box.last, box.last]] })
    }
    expect(box.last).toBe(limits.sequenceSpanMax)
    box.acknowledge({ t: 'ack', n: 1 })
    expect(transmit(box)).toHaveLength(1)
  })

  it('is finished when all is acknowledged, also where a range closes the gap below it (R-91)', () => {
    const box = boxWith(['a', 'b', 'c'])
    box.requestFin(undefined, undefined)
    transmit(box)
    box.acknowledge({ t: 'ack', n: 0, also: [[3, 4]] })
    box.acknowledge({ t: 'ack', n: 1 })
    expect([box.acked, box.finished]).toEqual([1, false])
    box.acknowledge({ t: 'ack', n: 0, also: [[2, 2]] })
    expect([box.acked, box.finished]).toEqual([4, true])
  })

  it('takes back what has not been transmitted, and nothing else', () => {
    const box = boxWith([])
    const [first, second] = [message('a'), message('b')]
    box.push(first)
    box.push(second)
    box.next(1_000, 'text')
    expect([box.drop(first), box.drop(second), box.drop(second)]).toEqual([false, true, false])
    expect(box.bytes).toBe(first.bytes)
  })

  it('replays on a new link what the peer has not received, under the same numbers', () => {
    const box = boxWith(['a', 'b', 'c'])
    transmit(box)
    box.rewind()
    box.peerReceived(1)
    expect(transmit(box)).toEqual(['b 2', 'c 3'])
  })

  it('does not replay what was acknowledged above a gap', () => {
    const box = boxWith(['a', 'b', 'c'])
    transmit(box)
    box.acknowledge({ t: 'ack', n: 0, also: [[2, 2]] })
    box.rewind()
    expect(transmit(box)).toEqual(['c 3'])
  })

  it('refuses an acknowledgement of what was never sent, and settles nothing', () => {
    const box = boxWith(['a'])
    transmit(box)
    expect(faultOf(() => box.acknowledge({ t: 'ack', n: 2 })).code).toBe('ackInvalid')
    expect(faultOf(() => box.acknowledge({ t: 'ack', n: 0, also: [[2, 9]] })).code).toBe('ackInvalid')
    expect(faultOf(() => box.peerReceived(2)).code).toBe('ackInvalid')
    expect(box.inFlightCount).toBe(1)
  })

  it('refuses a peer that has lost what it had acknowledged', () => {
    const box = boxWith(['a', 'b'])
    transmit(box)
    box.acknowledge({ t: 'ack', n: 2 })
    expect(faultOf(() => box.peerReceived(1)).code).toBe('ackInvalid')
  })

  it('tells fates apart: received, unknown, not sent', () => {
    const box = boxWith(['a', 'b', 'c'], { messages: 2, bytes: 1_000 })
    transmit(box)
    box.peerReceived(1)
    expect(box.drain().map(({ message: { id }, fate }) => `${id} ${fate}`)).toEqual([
      'a received',
      'b unknown',
      'c not-sent',
    ])
    expect(box.bytes).toBe(0)
  })

  it('calls not sent what was handed to a link that never came to be', () => {
    const box = boxWith(['a'])
    box.rewind()
    transmit(box)
    box.unleave()
    expect(box.drain().map(({ fate }) => fate)).toEqual(['not-sent'])
  })

  it('keeps fin back where there is no room for it, and loses neither it nor a message', () => {
    const box = boxWith(['a'])
    box.requestFin(1000, 'x'.repeat(100))
    expect(box.next(10, 'text')).toBeUndefined()
    expect(box.next(1_000, 'binary')).toBeUndefined()
    expect(box.next(1_000, 'text')).toMatchObject({ id: 'a' })
    expect(box.next(100, 'text')).toBeUndefined()
    expect(box.next(300, 'text')).toMatchObject({ t: 'fin', seq: 2 })
  })
})
