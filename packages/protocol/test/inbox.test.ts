import { describe, expect, it } from 'vitest'
import { Inbox, WindowExceeded } from '../src/inbox.ts'
import { limits } from '../src/limits.ts'
import { faultOf } from './fault.ts'

const small = { messages: 3, bytes: 100_000 }
const inbox = () => new Inbox(small, small, limits.maxBytesMin)

/** A message in a frame of its own. */
function take(box: Inbox, seq: number, bytes = 100): boolean {
  return box.receive({ t: 'msg', seq, id: `m${seq}` }, box.openFrame(bytes))
}

describe('Inbox', () => {
  it('takes as many messages as it advertised, and not one more', () => {
    const box = inbox()
    for (const seq of [1, 2, 3]) take(box, seq)
    expect(() => take(box, 4)).toThrow(WindowExceeded)
  })

  it('takes as many bytes as it advertised, and not one more', () => {
    const room = small.bytes + limits.frameOverheadBytes
    expect(take(inbox(), 1, room)).toBe(true)
    expect(() => take(inbox(), 1, room + 1)).toThrow(WindowExceeded)
  })

  it('presses for an acknowledgement of an eighth of the messages that it has advertised, and not before', () => {
    const box = new Inbox({ messages: 32, bytes: 100_000 }, { messages: 32, bytes: 1 }, limits.maxBytesMin)
    for (const seq of [1, 2, 3, 4, 5]) take(box, seq)
    for (const seq of [1, 2, 3]) box.handled(seq)
    expect([box.ackDue, box.ackPresses]).toEqual([true, false])
    box.handled(4)
    expect(box.ackPresses).toBe(true)
    box.takeAck()
    expect(box.ackPresses).toBe(false)
    box.handled(5)
    expect([box.ackDue, box.ackPresses]).toEqual([true, false])
  })

  it('presses for one of an eighth of the bytes, once something of that is handled', () => {
    const eighth = limits.maxBytesMin / 8
    const box = new Inbox({ messages: 1000, bytes: 1 }, { messages: 1000, bytes: 1 }, limits.maxBytesMin)
    take(box, 1, eighth - 1)
    box.handled(1)
    expect(box.ackPresses).toBe(false)
    take(box, 2, 1)
    expect(box.ackPresses).toBe(true)
    box.takeAck()
    take(box, 3, eighth)
    expect(box.ackPresses).toBe(false)
    box.handled(3)
    expect(box.ackPresses).toBe(true)
  })

  it('gives back the room of a frame when its first message is handled', () => {
    const box = inbox()
    const charge = box.openFrame(50_000 + limits.frameOverheadBytes)
    box.receive({ t: 'msg', seq: 1, id: 'a' }, charge)
    box.receive({ t: 'msg', seq: 2, id: 'b' }, charge)
    expect(box.pendingBytes).toBe(50_000)
    box.handled(2)
    expect([box.pendingBytes, box.pendingCount]).toEqual([0, 1])
  })

  it('charges nothing for a frame that begins with what it has', () => {
    const box = inbox()
    take(box, 1)
    box.startLink()
    const charge = box.openFrame(90_000)
    expect(box.receive({ t: 'msg', seq: 1, id: 'm1' }, charge)).toBe(false)
    expect(box.receive({ t: 'msg', seq: 2, id: 'm2' }, charge)).toBe(true)
    expect(box.pendingBytes).toBe(0)
  })

  it('drops what it has received before on an earlier link, and refuses it on the same one', () => {
    const box = inbox()
    take(box, 1)
    expect(faultOf(() => take(box, 1)).code).toBe('sequenceRepeated')
    box.startLink()
    expect(take(box, 1)).toBe(false)
    expect(box.duplicatesDropped).toBe(1)
  })

  it('refuses a gap and changes nothing', () => {
    const box = inbox()
    expect(faultOf(() => take(box, 2)).code).toBe('sequenceGap')
    expect([box.got, box.pendingCount]).toEqual([0, 0])
    expect(take(box, 1)).toBe(true)
  })

  it('refuses a message and another fin after fin, and changes nothing', () => {
    const box = inbox()
    box.receiveFin({ t: 'fin', seq: 1 })
    expect(faultOf(() => take(box, 2)).code).toBe('envelopeUnexpected')
    expect(faultOf(() => box.receiveFin({ t: 'fin', seq: 2 })).code).toBe('envelopeUnexpected')
    expect([box.got, box.finished]).toEqual([1, true])
  })

  it('is finished when fin and everything before it is handled', () => {
    const box = inbox()
    take(box, 1)
    box.receiveFin({ t: 'fin', seq: 2 })
    expect(box.finished).toBe(false)
    box.handled(1)
    expect(box.finished).toBe(true)
  })

  it('counts a message as handled once, and none that never came', () => {
    const box = inbox()
    take(box, 1)
    expect([box.handled(1), box.handled(1), box.handled(2)]).toEqual([true, false, false])
    expect(box.handledTotal).toBe(1)
  })

  it('takes a message as far above what is handled throughout as the span goes, and fin one further (R-82, R-84)', () => {
    const filled = () => {
      const box = inbox()
      // The first one is never handled.
      take(box, 1)
      for (let seq = 2; seq <= limits.sequenceSpanMax; seq++) {
        take(box, seq)
        box.handled(seq)
      }
      return box
    }
    const beyond = limits.sequenceSpanMax + 1
    expect(() => take(filled(), beyond)).toThrow(WindowExceeded)
    expect(filled().receiveFin({ t: 'fin', seq: beyond })).toBe(true)
    const one = filled()
    one.handled(1)
    expect(take(one, beyond)).toBe(true)
  })

  it('acknowledges what is handled above a gap in ranges, 64 in one envelope', () => {
    const box = new Inbox({ messages: 1_000, bytes: 10_000_000 }, small, limits.maxBytesMin)
    for (let seq = 1; seq <= 140; seq++) take(box, seq)
    for (let seq = 2; seq <= 140; seq += 2) box.handled(seq)
    const first = box.takeAck()
    expect([first.n, first.also?.length, box.ackDue]).toEqual([0, 64, true])
    const second = box.takeAck()
    expect([second.also?.length, box.ackDue]).toEqual([6, false])
  })

  it('says its acknowledgements anew on each link', () => {
    const box = inbox()
    for (const seq of [1, 2, 3]) take(box, seq)
    box.handled(1)
    box.handled(3)
    expect(box.takeAck()).toEqual({ t: 'ack', n: 1, also: [[3, 3]] })
    expect(box.ackDue).toBe(false)
    box.startLink()
    expect(box.takeAck()).toEqual({ t: 'ack', n: 1, also: [[3, 3]] })
  })
})
