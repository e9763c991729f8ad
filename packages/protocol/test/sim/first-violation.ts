import { runSeed, type SeedResult } from './run-seed.ts'

/** The first of so many runs that breaks a promise; nothing if none does. */
export function firstViolation(seeds: number): SeedResult | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = runSeed(seed)
    if (result.violation !== undefined) return result
  }
  return undefined
}
