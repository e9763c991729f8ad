import { describe, expect, it } from 'vitest'
import { bareParts, EnvelopeReader, earlyFrame } from '../demo/page/frame-parts.ts'

/** A frame in words, as the ladder draws it. */
function words(reader: EnvelopeReader, from: 'page' | 'server', frame: unknown): string {
  return reader
    .parts(frame, from)
    .map(({ words, count }) => (count > 1 ? `${words} × ${count}` : words))
    .join(' · ')
}

/** A binary frame as PROTOCOL.md has it: the length of the header, the header, the payload. */
function binaryFrame(envelope: object, payloadBytes: number): ArrayBuffer {
  const header = new TextEncoder().encode(JSON.stringify(envelope))
  const frame = new Uint8Array(4 + header.length + payloadBytes)
  new DataView(frame.buffer).setUint32(0, header.length)
  frame.set(header, 4)
  return frame.buffer
}

describe('how the demo’s page reads frames of lastword', () => {
  it('names what a frame has, and counts what is alike', () => {
    const reader = new EnvelopeReader()
    const first = [
      { t: 'hello', fresh: true },
      { t: 'msg', seq: 1, ch: 'offer', ask: true },
    ]
    expect(words(reader, 'page', JSON.stringify(first))).toBe('hello · Offer')
    const statistics = [2, 3, 4].map((seq) => ({ t: 'msg', seq, ch: 'statistics' }))
    expect(words(reader, 'page', JSON.stringify([...statistics, { t: 'fin', seq: 5 }]))).toBe(
      'statistics × 3 · fin',
    )
    const reply = [
      { t: 'welcome', resumed: false },
      { t: 'ack', n: 5 },
      { t: 'msg', seq: 1, re: 'x' },
    ]
    expect(words(reader, 'server', JSON.stringify(reply))).toBe('welcome · ack 5 · Answer')
  })

  it('says what is sent again', () => {
    const reader = new EnvelopeReader()
    expect(words(reader, 'page', JSON.stringify([{ t: 'msg', seq: 1, ch: 'offer' }]))).toBe('Offer')
    const again = [
      { t: 'hello', fresh: false },
      { t: 'msg', seq: 1, ch: 'offer' },
      { t: 'msg', seq: 2, ch: 'statistics' },
    ]
    expect(words(reader, 'page', JSON.stringify(again))).toBe('hello, resuming · Offer again · statistics')
  })

  it('reads binary frames, as a buffer and as a view into one', () => {
    const frame = binaryFrame({ t: 'msg', seq: 1, ch: 'statistics' }, 10)
    expect(words(new EnvelopeReader(), 'page', frame)).toBe('statistics')
    const larger = new Uint8Array(frame.byteLength + 7)
    larger.set(new Uint8Array(frame), 7)
    expect(words(new EnvelopeReader(), 'page', larger.subarray(7))).toBe('statistics')
  })

  it('marks what it does not understand, and does not fail', () => {
    for (const frame of ['', '{', '[]', new Uint8Array(3), new Blob([])]) {
      expect(words(new EnvelopeReader(), 'server', frame)).toMatch(/^\??$/)
    }
  })

  it('finds the frame that went with the upgrade request', () => {
    const text = '[{"t":"hello","agent":"größer"}]'
    const early = `lastword.early.${Buffer.from(text).toString('base64url')}`
    expect(earlyFrame(['lastword.1', early])).toBe(text)
    expect(earlyFrame(['lastword.1'])).toBeUndefined()
    expect(earlyFrame(['lastword.early.%'])).toBeUndefined()
  })
})

it('knows what the bare call says by who says it', () => {
  expect(bareParts('{}', 'page').map(({ words }) => words)).toEqual(['Offer'])
  expect(bareParts('{}', 'server').map(({ words }) => words)).toEqual(['Answer'])
  expect(bareParts(new ArrayBuffer(3), 'page').map(({ words }) => words)).toEqual(['statistics'])
})
