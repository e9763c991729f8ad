import { runSeed, type SeedResult } from './run-seed.ts'
import type { WorldOptions } from './world.ts'

/** The first of so many runs that breaks a promise; nothing if none does. */
export function firstViolation(seeds: number, options: WorldOptions = {}): SeedResult | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = runSeed(seed, options)
    if (result.violation !== undefined) return result
  }
  return undefined
}
