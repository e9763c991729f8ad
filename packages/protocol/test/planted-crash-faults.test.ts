import { afterEach, describe, expect, it } from 'vitest'
import { faultsOfJournals } from './faults/faults-of-journals.ts'
import { firstViolation } from './sim/first-violation.ts'

/** A fault that is not found within so many runs counts as not found. */
const seedsMax = 400

describe('the simulation finds a planted fault of a journal by its promise:', () => {
  let takeOut: (() => void) | undefined

  afterEach(() => {
    takeOut?.()
    takeOut = undefined
  })

  it.each(faultsOfJournals)('$name', { timeout: 60_000 }, ({ plant, promises }) => {
    takeOut = plant()
    const found = firstViolation(seedsMax)
    expect(found?.violation, `within ${seedsMax} seeds`).toBeDefined()
    expect(promises).toContain(found?.violation?.promise)
  })
})
