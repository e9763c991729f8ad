import { afterEach, describe, expect, it } from 'vitest'
import { plantedFaults } from './faults/faults.ts'
import { firstViolation } from './sim/first-violation.ts'

/**
 * A simulation that finds nothing proves nothing until it has found what was hidden in it. Here are the faults that can
 * be planted from outside; `npm run explore -- --planted` looks for these and for those that reach inside.
 */

/** A fault that is not found within so many runs counts as not found. */
const seedsMax = 300

describe('the simulation finds a planted fault by its promise:', () => {
  let takeOut: (() => void) | undefined

  afterEach(() => {
    takeOut?.()
    takeOut = undefined
  })

  const faults = plantedFaults.filter(({ inside }) => inside !== true)

  it.each(faults)('$name', { timeout: 60_000 }, ({ plant, promises }) => {
    takeOut = plant()
    const found = firstViolation(seedsMax)
    expect(found?.violation, `within ${seedsMax} seeds`).toBeDefined()
    expect(promises).toContain(found?.violation?.promise)
  })
})
