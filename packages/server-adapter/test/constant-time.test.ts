import { expect, test, vi } from 'vitest'
import { fitsKeyDigest, keyDigest, sameSecret } from '../src/same-secret.ts'

const compared = vi.hoisted(() => [] as Array<[Uint8Array, Uint8Array]>)

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return {
    ...real,
    timingSafeEqual(a: Uint8Array, b: Uint8Array) {
      compared.push([a, b])
      return real.timingSafeEqual(a, b)
    },
  }
})

test('keys are compared in constant time: by one comparison of equally long digests, wherever they differ', () => {
  const key = 'the-key-of-a-session-0123456789'
  const others = [`X${key.slice(1)}`, `${key.slice(0, -1)}X`, key.slice(1), `${key}${key}`, '', key]
  expect(others.map((other) => sameSecret(key, other))).toEqual([false, false, false, false, false, true])
  // Also against the digest that a server with a journal keeps in place of the key.
  const stored = keyDigest(key)
  expect(others.map((other) => fitsKeyDigest(other, stored))).toEqual([
    false,
    false,
    false,
    false,
    false,
    true,
  ])
  expect(compared).toHaveLength(2 * others.length)
  for (const pair of compared) {
    for (const side of pair) {
      expect(side).toHaveLength(32)
      // Not the key itself, so that how much of it is right cannot be measured byte by byte.
      expect(Buffer.from(side).toString()).not.toContain('key')
    }
  }
})
