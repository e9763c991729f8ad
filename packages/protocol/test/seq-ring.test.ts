import { describe, expect, it } from 'vitest'
import { SeqRing } from '../src/seq-ring.ts'

describe('SeqRing', () => {
  it('knows nothing that was not set, below its base or far above it', () => {
    const ring = new SeqRing<string>(5)
    ring.set(5, 'five')
    expect([4, 5, 6, 21, 5 + 2 ** 20].map((seq) => ring.get(seq))).toEqual([
      undefined,
      'five',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('keeps every value when it grows, wherever its base stands', () => {
    const ring = new SeqRing<number>(13)
    const seqs = Array.from({ length: 500 }, (_, i) => 13 + i)
    for (const seq of seqs) ring.set(seq, seq)
    expect(seqs.every((seq) => ring.get(seq) === seq)).toBe(true)
  })

  it('uses its slots again as the base moves on', () => {
    const ring = new SeqRing<number>(1)
    for (let seq = 1; seq <= 1_000; seq++) {
      ring.set(seq, seq)
      ring.delete(seq)
      ring.advance(seq + 1)
      expect(ring.get(seq + 16)).toBeUndefined()
    }
  })

  it('counts as far as sequence numbers go', () => {
    const top = Number.MAX_SAFE_INTEGER
    const ring = new SeqRing<string>(top - 3)
    ring.set(top - 3, 'low')
    ring.set(top, 'top')
    expect([ring.get(top - 3), ring.get(top)]).toEqual(['low', 'top'])
  })

  it('is large from more than sixteen values on', () => {
    const ring = new SeqRing<number>(1)
    for (let seq = 1; seq <= 16; seq++) ring.set(seq, seq)
    expect(ring.isLarge).toBe(false)
    ring.set(17, 17)
    expect(ring.isLarge).toBe(true)
  })
})
