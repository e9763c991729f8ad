import fc from 'fast-check'

/** A run that broke a promise, as small as it could be made. */
export interface Found<Step> {
  steps: Step[]
  error: Error
  /** Runs until it was found. */
  runs: number
}

/**
 * Does so many runs with steps that this seed makes; the same seed makes the same ones. Where one breaks a promise it
 * looks for a smaller one that breaks it too, among so many (`shrinks`).
 */
export async function find<Step>(
  steps: fc.Arbitrary<Step[]>,
  run: (steps: Step[]) => void | Promise<void>,
  { seed, runs, shrinks }: { seed: number; runs: number; shrinks: number },
): Promise<Found<Step> | undefined> {
  let tried = 0
  let last: { steps: Step[]; error: Error } | undefined
  const property = fc.asyncProperty(steps, async (one) => {
    // Behind the first failure come only attempts to make it smaller, which all succeed once it is enough.
    if (last !== undefined && tried++ >= shrinks) return
    try {
      await run(one)
    } catch (error) {
      last = { steps: one, error: error as Error }
      throw error
    }
  })
  const outcome = await fc.check(property, { seed, numRuns: runs })
  if (last === undefined) return undefined
  if (shrinks > 0) last = await withoutIdleSteps(last, run)
  return { ...last, runs: outcome.numRuns }
}

/** Leaves out each step without which it breaks as well. */
async function withoutIdleSteps<Step>(
  found: { steps: Step[]; error: Error },
  run: (steps: Step[]) => void | Promise<void>,
): Promise<{ steps: Step[]; error: Error }> {
  let smallest = found
  for (let at = smallest.steps.length - 1; at >= 0; at--) {
    const steps = smallest.steps.filter((_, index) => index !== at)
    try {
      await run(steps)
    } catch (error) {
      smallest = { steps, error: error as Error }
    }
  }
  return smallest
}
