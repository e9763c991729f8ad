import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closeCodes } from '../src/codes.ts'
import { decodeEarly, earlyPrefix, encodeEarly, subprotocol } from '../src/early.ts'
import { limits } from '../src/limits.ts'
import { PeerFault } from '../src/peer-fault.ts'
import { faultOf } from './fault.ts'
import { earlyVectors, join } from './vectors.ts'

const tokens = earlyVectors.tokens.map(({ name, frame, frameRepeat, token, tokenRepeat }) => ({
  name,
  frame: frame ?? join(frameRepeat ?? []),
  token: token ?? join(tokenRepeat ?? []),
}))

describe('the early frame', () => {
  test.each(tokens)('$name: the frame is offered as its token', ({ frame, token }) => {
    expect(encodeEarly(frame)).toBe(token)
  })

  test.each(tokens)('$name: the token is found among the offered ones', ({ frame, token }) => {
    expect(decodeEarly([subprotocol, token, 'other'])).toBe(frame)
    expect(decodeEarly(new Set([token]))).toBe(frame)
  })

  test.each(earlyVectors.unoffered)('$name: is not offered', ({ frameRepeat }) => {
    expect(encodeEarly(join(frameRepeat))).toBeUndefined()
  })

  test.each(earlyVectors.picked)('$name: $protocols', ({ protocols, frame }) => {
    expect(decodeEarly(protocols)).toBe(frame ?? undefined)
  })

  test.each(earlyVectors.refused)('$name: is refused', ({ protocols, protocolRepeat, error }) => {
    const offered = protocols ?? [join(protocolRepeat ?? [])]
    const fault = faultOf(() => decodeEarly(offered))
    expect(fault.code).toBe(error.name)
    expect(error.code).toBe(closeCodes[error.name])
  })

  test('is as long as the limit at most, by one vector', () => {
    const longest = Math.max(...tokens.map(({ token }) => token.length))
    expect(longest).toBe(earlyPrefix.length + limits.earlyCharsMax)
  })

  test('survives the way there and back, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const token = encodeEarly(text)
        if (token === undefined) return
        expect(token.slice(earlyPrefix.length)).toBe(Buffer.from(text).toString('base64url'))
        expect(decodeEarly([token])).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  test('is what the platform would read too, or is refused', () => {
    const nearly = fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.stringMatching(/^[A-Za-z0-9_-]{0,9}$/),
      fc.stringMatching(/^[A-Za-z0-9_+/=-]{0,6}$/),
      fc.string({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(nearly, (encoded) => {
        const bytes = Buffer.from(encoded, 'base64url')
        const canonical = bytes.toString('base64url') === encoded
        const text = bytes.toString('utf8')
        const utf8 = Buffer.from(text).equals(bytes)
        const offered = [earlyPrefix + encoded]
        if (canonical && utf8) expect(decodeEarly(offered)).toBe(text)
        else expect(() => decodeEarly(offered)).toThrow(PeerFault)
      }),
      { numRuns: 3000 },
    )
  })
})
