import { afterEach, describe, expect, test, vi } from 'vitest'
import { closeCodes } from '../src/codes.ts'
import { type DecodeLimits, decodeFrame } from '../src/decode.ts'
import type { DecodedFrame } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { PeerFault } from '../src/peer-fault.ts'
import { faultOf } from './fault.ts'
import { binaryFrame } from './vectors.ts'

const roomy: DecodeLimits = { frameBytesMax: 16 * 1024 * 1024 }
const secret = 'the-secret-0123456789'
const hello = {
  ...{ t: 'hello', v: 1, sid: 'sid-0123456789_AB', key: secret, link: 1, fresh: true, got: 0 },
  window: { messages: 1, bytes: 65536 },
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('one frame', () => {
  test('is parsed once, however many envelopes it holds', () => {
    const parse = vi.spyOn(JSON, 'parse')
    for (const times of [1, 2, 100]) {
      parse.mockClear()
      const msg = '{"t":"msg","seq":1,"id":"a","d":{"text":"{\\"nested\\":1}"},"meta":{"k":"v"}}'
      decodeFrame(`[${Array(times).fill(msg)}]`, 0, roomy)
      expect(parse).toHaveBeenCalledTimes(1)
    }
  })

  test('is parsed once when it is binary, its payload not at all', () => {
    const parse = vi.spyOn(JSON, 'parse')
    decodeFrame(binaryFrame('{"t":"msg","seq":1,"id":"a"}', new Uint8Array([0x7b, 0x7d])), 0, roomy)
    expect(parse).toHaveBeenCalledTimes(1)
  })

  test('is not parsed when it is too large', () => {
    const parse = vi.spyOn(JSON, 'parse')
    faultOf(() => decodeFrame('[{"t":"ping","k":1}]', 20, { frameBytesMax: 19 }))
    expect(parse).not.toHaveBeenCalled()
  })

  test('gives the very objects that the parser made', () => {
    const parse = vi.spyOn(JSON, 'parse')
    const { envelopes } = decodeFrame('[{"t":"msg","seq":1,"id":"a","d":[{}]}]', 0, roomy)
    expect(envelopes).toBe(parse.mock.results[0]?.value)
  })
})

describe('the size of a frame', () => {
  const text = '[{"t":"ping","k":1}]'

  test('is what the link says it was on the wire', () => {
    expect(faultOf(() => decodeFrame(text, 101, { frameBytesMax: 100 })).code).toBe('frameTooLarge')
    expect(decodeFrame(text, 100, { frameBytesMax: 100 }).envelopes).toHaveLength(1)
  })

  test('is at least its length, also when the link says less', () => {
    const { length } = text
    expect(faultOf(() => decodeFrame(text, 0, { frameBytesMax: length - 1 })).code).toBe('frameTooLarge')
    expect(decodeFrame(text, 0, { frameBytesMax: length }).envelopes).toHaveLength(1)
    const binary = binaryFrame('{"t":"note"}')
    const fault = faultOf(() => decodeFrame(binary, 0, { frameBytesMax: binary.length - 1 }))
    expect(fault.code).toBe('frameTooLarge')
  })
})

describe('a binary frame', () => {
  test('shares its bytes with the payload', () => {
    const frame = binaryFrame('{"t":"note"}', new Uint8Array([1, 2, 3]))
    const { payload } = decodeFrame(frame, frame.length, roomy)
    expect(payload?.buffer).toBe(frame.buffer)
    frame[frame.length - 1] = 9
    expect(payload).toStrictEqual(new Uint8Array([1, 2, 9]))
  })

  test('may lie anywhere in a larger buffer', () => {
    const frame = binaryFrame('{"t":"note","ch":"c"}', new Uint8Array([7]))
    const pool = new Uint8Array(frame.length + 10).fill(0xff)
    pool.set(frame, 5)
    const decoded = decodeFrame(pool.subarray(5, 5 + frame.length), frame.length, roomy)
    expect(decoded).toStrictEqual({ envelopes: [{ t: 'note', ch: 'c' }], payload: new Uint8Array([7]) })
  })

  test('that was not UTF-8 does not spoil the next one', () => {
    expect(faultOf(() => decodeFrame(binaryFrame(new Uint8Array([0xe2, 0x82])), 0, roomy)).message).toBe(
      'the binary header is not UTF-8',
    )
    expect(decodeFrame(binaryFrame('{"t":"note"}'), 0, roomy).envelopes).toStrictEqual([{ t: 'note' }])
  })
})

describe('nesting', () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

  test('far beyond the limit costs no stack', () => {
    const fault = faultOf(() => decodeFrame(`[{"t":"note","d":${deep(500_000)}}]`, 0, roomy))
    expect(fault.code).toBe('frameTooDeep')
  })

  test('in an unknown field is not looked at', () => {
    expect(decodeFrame(`[{"t":"note","x":${deep(1000)}}]`, 0, roomy).envelopes).toHaveLength(1)
  })

  test('counts what is inside of each other, not beside each other', () => {
    const wide = `[${Array(1000).fill(deep(limits.depthMax - 1))}]`
    expect(decodeFrame(`[{"t":"note","d":${wide}}]`, 0, roomy).envelopes).toHaveLength(1)
  })

  test('that a parser has no stack for is too deep as well', () => {
    vi.spyOn(JSON, 'parse').mockImplementation(() => {
      throw new RangeError('Maximum call stack size exceeded')
    })
    expect(faultOf(() => decodeFrame('[]', 0, roomy)).code).toBe('frameTooDeep')
  })
})

describe('what a fault says', () => {
  const messageOf = (frame: string | Uint8Array): string =>
    faultOf(() => decodeFrame(frame, 0, roomy)).message

  test.each([
    [
      '[{"t":"ping","k":1},{"t":"msg","seq":0,"id":"a"}]',
      'envelope 1 (msg): seq must be an integer from 1 to 9007199254740991',
    ],
    [
      '[{"t":"msg","seq":1,"id":"a","ch":""}]',
      'envelope 0 (msg): ch must be a string of 1 to 128 characters',
    ],
    ['[{"t":"fin","seq":1,"code":1}]', 'envelope 0 (fin): code must be an integer from 1000 to 4999'],
    [
      '[{"t":"msg","seq":1,"id":"a","d":{"__proto__":1}}]',
      'envelope 0 (msg): d has a key __proto__, which is not allowed',
    ],
    ['[{"t":"ping","k":1,"__proto__":1}]', 'envelope 0 (ping): it has a key __proto__, which is not allowed'],
    [
      '[{"t":"ack","n":1,"also":[[3,4],[5,6]]}]',
      'envelope 0 (ack): also[1] must begin at least 2 above the range before it',
    ],
    ['[{"t":"hurry"}]', 'envelope 0: unknown t "hurry"'],
    ['[{"t":"not a kind <b>"}]', 'envelope 0: unknown t'],
    ['{}', 'the frame is not a JSON array of 1 to 2048 envelopes'],
  ])('%s', (frame, message) => {
    expect(messageOf(frame)).toBe(message)
  })

  test('names the header of a binary frame as such', () => {
    expect(messageOf(binaryFrame('{"t":"msg","seq":1,"id":""}'))).toMatch(
      /^binary header \(msg\): id must be/,
    )
  })

  test('never has the secret in it, nor the payload', () => {
    for (const value of [`${secret}!`, secret.slice(0, 9), [secret], { secret }]) {
      expect(messageOf(JSON.stringify([{ ...hello, key: value }]))).not.toContain(secret.slice(0, 9))
    }
    for (const field of Object.keys(hello)) {
      const wrong = { ...hello, auth: secret, [field]: { secret } }
      expect(messageOf(JSON.stringify([wrong]))).not.toContain(secret.slice(0, 9))
    }
    expect(messageOf(`[${JSON.stringify({ ...hello, auth: secret })},${secret}]`)).not.toContain(
      secret.slice(0, 9),
    )
    for (const kind of [secret, secret.slice(0, limits.sidCharsMin), secret.repeat(9)]) {
      expect(messageOf(JSON.stringify([{ t: kind }]))).not.toContain(secret.slice(0, 9))
    }
  })

  test('fits into a close frame', () => {
    expect(new PeerFault('frameMalformed', 'x'.repeat(500)).message).toHaveLength(limits.reasonCharsMax)
    expect(closeCodes[new PeerFault('sequenceGap', 'x').code]).toBe(4405)
  })
})

test('what an application adds to Object.prototype is not taken for a part of a payload', () => {
  const value: unknown = JSON.parse('{"__proto__":1}')
  Object.defineProperty(Object.prototype, 'added', { value, enumerable: true, configurable: true })
  const decoded: DecodedFrame[] = []
  try {
    decoded.push(decodeFrame('[{"t":"note","d":{"a":{}}}]', 0, roomy))
  } finally {
    Reflect.deleteProperty(Object.prototype, 'added')
  }
  expect(decoded).toStrictEqual([{ envelopes: [{ t: 'note', d: { a: {} } }], payload: undefined }])
})
