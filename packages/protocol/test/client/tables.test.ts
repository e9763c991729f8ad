import { expect, it } from 'vitest'
import * as bounds from '../../src/client/bounds.ts'
import { accusing } from '../../src/client/client-machine.ts'
import * as clientCodes from '../../src/client/close-codes.ts'
import { accusation, closeCodes } from '../../src/codes.ts'
import { defaults, limits } from '../../src/limits.ts'

it("the client's bounds are those of the table", () => {
  const table: Record<string, number> = { ...limits, ...defaults }
  for (const [name, value] of Object.entries(bounds)) expect([name, value]).toEqual([name, table[name]])
})

it("the client's close codes are those of the table, and have their names", () => {
  const { closeCodeName, ...constants } = clientCodes
  for (const [name, code] of Object.entries(constants)) {
    expect([name, code]).toEqual([name, closeCodes[name as keyof typeof closeCodes]])
  }
  for (const [name, code] of Object.entries(closeCodes)) {
    if (code >= 4400) expect(closeCodeName(code)).toBe(name)
  }
})

it('the client is accused by the same close codes', () => {
  for (let code = 4000; code < 5000; code++) {
    expect([code, accusing.test(`${code}`)]).toEqual([code, accusation(code) !== undefined])
  }
})
