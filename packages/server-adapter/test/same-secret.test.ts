import { expect, test } from 'vitest'
import { fitsKeyDigest, keyDigest, sameSecret } from '../src/same-secret.ts'

test('a digest fits the key that it was made of and no other, and does not show it', () => {
  const key = 'V1StGXR8_Z5jdHi6B-myT_V1StGXR8_Z'
  const stored = keyDigest(key)
  expect(stored).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(stored).not.toContain(key.slice(0, 8))
  expect(fitsKeyDigest(key, stored)).toBe(true)
  expect(fitsKeyDigest(`${key}x`, stored)).toBe(false)
  expect(fitsKeyDigest(stored, stored)).toBe(false)
  for (const other of ['', 'x', `${stored}x`, stored.slice(1)]) expect(fitsKeyDigest(key, other)).toBe(false)
})

test('secrets of any length are compared', () => {
  expect(sameSecret('', '')).toBe(true)
  expect(sameSecret('a', 'aa')).toBe(false)
})
