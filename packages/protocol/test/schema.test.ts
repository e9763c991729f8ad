import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonSchema } from '../scripts/json-schema.ts'
import { decodeFrame } from '../src/decode.ts'
import type { DecodedFrame, Frame } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { PeerFault } from '../src/peer-fault.ts'
import { binaryHeaderSchema, frameSchema, type SchemasAgree } from '../src/schema.ts'
import {
  arbitraryEntry,
  mutatedEnvelope,
  mutatedHeader,
  validEnvelope,
  validHeader,
} from './arbitrary-frames.ts'
import { expectedOfHeader, expectedOfText, hasToleratedProtoKey, type Outcome } from './expected-outcome.ts'
import { binaryFrame, envelopesOf, frameOf, invalidVectors, validVectors, wireBytes } from './vectors.ts'

const frameBytesMax = 1024 * 1024
const runs = { numRuns: 2000 }

describe('the decoder and the zod schemas', () => {
  test('are held together by types as well', () => {
    const agree: SchemasAgree['msg'] = true
    expect(agree).toBe(true)
  })

  test('both take every right envelope', () => {
    let taken = 0
    fc.assert(
      fc.property(fc.array(validEnvelope, { minLength: 1, maxLength: 3 }), (envelopes) => {
        taken += expectAgreement(JSON.stringify(envelopes)) ? 1 : 0
      }),
      runs,
    )
    // The rest has a key `__proto__` in a payload.
    expect(taken).toBeGreaterThan(runs.numRuns / 2)
  })

  test('agree on envelopes that were right before they were changed', () => {
    const outcomes = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(fc.array(mutatedEnvelope, { minLength: 1, maxLength: 2 }), (envelopes) => {
        outcomes[expectAgreement(JSON.stringify(envelopes)) ? 'taken' : 'refused'] += 1
      }),
      { numRuns: 2 * runs.numRuns },
    )
    expect(outcomes.taken).toBeGreaterThan(100)
    expect(outcomes.refused).toBeGreaterThan(100)
  })

  test('agree on any JSON', () => {
    const frame = fc.oneof(fc.array(arbitraryEntry, { maxLength: 4 }), arbitraryEntry)
    fc.assert(
      fc.property(frame, (value) => {
        expectAgreement(JSON.stringify(value))
      }),
      runs,
    )
  })

  test('agree on numbers that no double holds', () => {
    const numbers = fc.constantFrom(
      '1e999',
      '-1e999',
      '1e-999',
      '-0',
      '1.0',
      '1e0',
      '9007199254740993',
      '0.1e1',
    )
    fc.assert(
      fc.property(mutatedEnvelope, numbers, (envelope, number) => {
        const text = JSON.stringify([envelope])
        expectAgreement(text.replace(/(?<=":)\d+/g, number))
        expectAgreement(text.replace(/(?<=":)\d+/, number))
      }),
      runs,
    )
  })

  test('agree on headers of binary frames', () => {
    const payload = new Uint8Array([1, 2, 3])
    const header = fc.oneof(validHeader, mutatedHeader, validEnvelope, arbitraryEntry)
    fc.assert(
      fc.property(header, (value) => {
        const text = JSON.stringify(value)
        const decoded = outcomeOf(binaryFrame(text, payload), expectedOfHeader(JSON.parse(text)))
        if (decoded === undefined) return
        expect(decoded.payload).toStrictEqual(payload)
        expect(decoded.envelopes).toStrictEqual([JSON.parse(text)])
        if (hasToleratedProtoKey(JSON.parse(text))) return
        expect(binaryHeaderSchema.parse(JSON.parse(text))).toStrictEqual(decoded.envelopes[0])
      }),
      runs,
    )
  })

  test('agree on every vector', () => {
    for (const vector of [...validVectors, ...invalidVectors]) {
      const frame = frameOf(vector)
      if (typeof frame !== 'string' || frame.length > 100_000) continue
      expect(expectedOfText(frame, vector.frameBytesMax ?? frameBytesMax).size, vector.name).toBe(
        'error' in vector ? 1 : 0,
      )
    }
  })
})

describe('decodeFrame throws nothing but PeerFault', () => {
  const takes = (frame: Frame): void => {
    outcomeOf(frame, undefined)
  }
  const anyString = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json())

  test('on any string', () => {
    fc.assert(fc.property(anyString, takes), runs)
    fc.assert(
      fc.property(anyString, (text) => takes(`[${text}]`)),
      runs,
    )
  })

  test('on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), takes), runs)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (header) => takes(binaryFrame(header))),
      runs,
    )
  })

  test('on vectors that were cut or damaged', () => {
    const small = [...validVectors, ...invalidVectors].map(frameOf).filter((frame) => frame.length < 5000)
    const damage = fc.record({
      frame: fc.constantFrom(...small),
      end: fc.nat(5000),
      at: fc.nat(5000),
      byte: fc.nat(255),
    })
    fc.assert(
      fc.property(damage, ({ frame, end, at, byte }) => {
        takes(frame.slice(0, end % (frame.length + 1)))
        const bytes = Uint8Array.from(Buffer.from(frame as string))
        if (bytes.length > 0) bytes[at % bytes.length] = byte
        takes(typeof frame === 'string' ? Buffer.from(bytes).toString() : bytes)
      }),
      { numRuns: 2 * runs.numRuns },
    )
  })
})

describe('the JSON Schema', () => {
  const schema = jsonSchema() as {
    type: string
    maxItems: number
    items: { oneOf: { $ref: string }[] }
    $defs: Record<string, object>
  }

  test('is that of an array of every kind of envelope', () => {
    expect(schema.type).toBe('array')
    expect(schema.maxItems).toBe(limits.envelopesPerFrameMax)
    const kinds = new Set(validVectors.flatMap((vector) => envelopesOf(vector).map(({ t }) => t as string)))
    const named = schema.items.oneOf.map(({ $ref }) => $ref.replace('#/$defs/lastword.', ''))
    expect(named.sort()).toStrictEqual([...kinds].sort())
  })

  test('has a definition behind every reference', () => {
    for (const [, name] of JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) {
      expect(schema.$defs).toHaveProperty([name as string])
    }
    expect(schema.$defs).toHaveProperty(['lastword.binaryHeader'])
  })

  test('says what the refinements of the schemas say, where JSON Schema can', () => {
    expect(schema.$defs['lastword.msg']).toMatchObject({
      dependentRequired: { err: ['re'] },
      not: { required: ['d', 'err'] },
      properties: { meta: { maxProperties: limits.metaEntriesMax } },
    })
  })
})

/** Decodes `text`, and fails unless it ends as the schemas say, with equal values. True if it was taken. */
function expectAgreement(text: string): boolean {
  const decoded = outcomeOf(text, expectedOfText(text, frameBytesMax))
  if (decoded === undefined) return false
  const parsed = JSON.parse(text) as object[]
  expect(decoded).toStrictEqual({ envelopes: parsed, payload: undefined })
  expect(JSON.stringify(decoded.envelopes)).toBe(JSON.stringify(parsed))
  if (!parsed.some(hasToleratedProtoKey)) {
    expect(frameSchema.parse(JSON.parse(text))).toStrictEqual(decoded.envelopes)
  }
  return true
}

/** What `frame` decodes to, or undefined if it is refused; fails if that is not what was expected. */
function outcomeOf(frame: Frame, expected: Outcome | undefined): DecodedFrame | undefined {
  try {
    const decoded = decodeFrame(frame, wireBytes(frame), { frameBytesMax })
    if (expected !== undefined && expected.size > 0) expect.fail(`taken, not ${[...expected]}: ${frame}`)
    return decoded
  } catch (error) {
    if (!(error instanceof PeerFault)) throw error
    expect(error.message).toMatch(/^[\x20-\x7e]{1,120}$/)
    if (expected !== undefined && !expected.has(error.code)) {
      expect.fail(`${error.code} (${error.message}), not ${[...expected].join(' or ') || 'taken'}: ${frame}`)
    }
    return undefined
  }
}
