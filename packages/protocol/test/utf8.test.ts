import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Length, utf8Text } from '../src/utf8.ts'

test.each([
  ['', 0],
  ['a', 1],
  ['\u007f', 1],
  ['\u0080', 2],
  ['\u07ff', 2],
  ['\u0800', 3],
  ['\ud7ff', 3],
  ['\ue000', 3],
  ['\uffff', 3],
  ['\u{10000}', 4],
  ['\u{10ffff}', 4],
  ['\ud800', 3],
  ['\udc00', 3],
  ['\ud800\ud800', 6],
  ['\udc00\ud800', 6],
  ['\ud800a', 4],
  ['\ud800\u{10000}', 7],
])('the UTF-8 of %j is as long as the encoder makes it', (text, bytes) => {
  expect(utf8Length(text)).toBe(bytes)
  expect(new TextEncoder().encode(text)).toHaveLength(bytes)
})

test('the UTF-8 of any UTF-16, also of lone surrogates, is as long as the encoder makes it', () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0xd7fe, max: 0xe001 }),
    fc.integer({ min: 0x7e, max: 0x81 }),
  )
  fc.assert(
    fc.property(fc.array(unit), (units) => {
      const text = String.fromCharCode(...units)
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    }),
    { numRuns: 2000 },
  )
})

test('a byte order mark is text like any other', () => {
  expect(utf8Text(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa')
})

test('bytes that are not UTF-8 are no text', () => {
  for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    expect(utf8Text(new Uint8Array(bytes))).toBeUndefined()
  }
})
