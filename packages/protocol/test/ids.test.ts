import { expect, test } from 'vitest'
import { resetCodes } from '../src/codes.ts'
import { isId, isResetCode, isSid } from '../src/ids.ts'
import { limits } from '../src/limits.ts'

const allCharacters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

test.each([
  ['an id', isId, 1, /[A-Za-z0-9_.:~-]/],
  ['a session id or a key', isSid, limits.sidCharsMin, /[A-Za-z0-9_-]/],
  ['a reset code', isResetCode, 1, /[a-z0-9-]/],
] as const)('%s has the lengths and the characters that the protocol says', (_, is, min, allowed) => {
  for (const length of [0, min - 1, min, limits.idCharsMax, limits.idCharsMax + 1]) {
    expect(is('x'.repeat(length)), `${length}`).toBe(length >= min && length <= limits.idCharsMax)
  }
  for (const character of allCharacters) {
    expect(is('x'.repeat(20) + character), JSON.stringify(character)).toBe(allowed.test(character))
  }
  for (const value of [undefined, null, 0, 1e20, {}, ['x'.repeat(20)], new String('x'.repeat(20))]) {
    expect(is(value)).toBe(false)
  }
})

test('every reset code of the table can be sent', () => {
  for (const code of resetCodes) expect(isResetCode(code), code).toBe(true)
})
