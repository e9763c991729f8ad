import { expect, test } from 'vitest'
import { z } from 'zod'
import { contract } from '../src/contract.ts'
import { ArgumentError } from '../src/errors.ts'

test.each([5, 'text', null, undefined, true, z.object({ sdp: z.string() })])(
  'an entry that is no object of schemas is refused by its name: %s',
  (entry) => {
    expect(() => contract({ fine: {}, offer: entry as never })).toThrowError(ArgumentError)
    expect(() => contract({ fine: {}, offer: entry as never })).toThrowError('"offer"')
  },
)

test('an entry may describe nothing, a payload, a reply, or both', () => {
  const definition = {
    ping: {},
    say: { payload: z.string() },
    ask: { payload: z.string(), reply: z.number() },
  }
  expect(contract(definition)).toBe(definition)
})
