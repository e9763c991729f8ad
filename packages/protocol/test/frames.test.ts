import { describe, expect, test } from 'vitest'
import { closeCodes } from '../src/codes.ts'
import { decodeFrame } from '../src/decode.ts'
import { envelopeKinds } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { faultOf } from './fault.ts'
import {
  binaryFrame,
  bytesOf,
  envelopesOf,
  frameOf,
  invalidVectors,
  limitsOf,
  validVectors,
  wireBytes,
} from './vectors.ts'

describe('valid frames', () => {
  test.each(validVectors)('$name decodes to its envelopes', (vector) => {
    const frame = frameOf(vector)
    const decoded = decodeFrame(frame, wireBytes(frame), limitsOf(vector))
    expect(decoded.envelopes).toStrictEqual(envelopesOf(vector))
    // Text tells apart what equality may not: an own key `__proto__`, and the order of fields.
    expect(JSON.stringify(decoded.envelopes)).toBe(JSON.stringify(envelopesOf(vector)))
    const payload = vector.payloadHex === undefined ? undefined : bytesOf(vector.payloadHex)
    expect(decoded.payload).toStrictEqual(payload)
    expect(decoded.payload !== undefined).toBe(typeof frame !== 'string')
  })

  test.each(validVectors)('$name survives being written as JSON and decoded again', (vector) => {
    const envelopes = envelopesOf(vector)
    const payload = vector.payloadHex === undefined ? undefined : bytesOf(vector.payloadHex)
    const frame =
      payload === undefined ? JSON.stringify(envelopes) : binaryFrame(JSON.stringify(envelopes[0]), payload)
    const decoded = decodeFrame(frame, wireBytes(frame), limitsOf(vector))
    expect(decoded).toStrictEqual({ envelopes, payload })
  })
})

describe('invalid frames', () => {
  test.each(invalidVectors)('$name is refused', (vector) => {
    const frame = frameOf(vector)
    const fault = faultOf(() => decodeFrame(frame, wireBytes(frame), limitsOf(vector)))
    expect(fault.code).toBe(vector.error.name)
    expect(fault.message).toMatch(/^[\x20-\x7e]+$/)
    expect(fault.message.length).toBeLessThanOrEqual(limits.reasonCharsMax)
  })

  test('carry the numbers of the close codes that they name', () => {
    for (const { name, error } of invalidVectors) {
      expect(error.code, name).toBe(closeCodes[error.name])
    }
  })
})

describe('the vectors', () => {
  test('have names of their own', () => {
    const names = [...validVectors, ...invalidVectors].map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  test('have every kind of envelope among the valid ones', () => {
    const kinds = new Set(validVectors.flatMap((vector) => envelopesOf(vector).map(({ t }) => t)))
    expect([...kinds].sort()).toStrictEqual([...envelopeKinds].sort())
  })
})
