import { expect, it } from 'vitest'
import * as bounds from '../../src/client/bounds.ts'
import { asResetCode, isRefusal } from '../../src/client/codes.ts'
import { Fault, fault } from '../../src/client/fault.ts'
import { type CloseCodeName, closeCodes, isRefusal as isRefusalThere, resetCodes } from '../../src/codes.ts'
import { defaults, limits } from '../../src/limits.ts'

it("the client's bounds are those of the table", () => {
  const table: Record<string, number> = { ...limits, ...defaults }
  for (const [name, value] of Object.entries(bounds)) expect([name, value]).toEqual([name, table[name]])
})

it("the client's reset codes are those of the table, and so are its refusals", () => {
  for (const code of resetCodes) {
    expect([code, asResetCode(code)]).toEqual([code, code])
    expect([code, isRefusal(code)]).toEqual([code, isRefusalThere(code, undefined)])
  }
  expect(asResetCode('of-a-later-version')).toBe('internal')
  expect(isRefusal('of-a-later-version')).toBe(false)
})

it("the client's faults have the close codes of the table", () => {
  for (const [name, code] of Object.entries(closeCodes).filter(([, number]) => number >= 4400)) {
    expect([name, fault(name as CloseCodeName).closeCode]).toEqual([name, code])
    expect(new Fault(code).message).toBe(name)
  }
})
