import type { PlantedFault } from '../faults/planted-fault.ts'
import { describeFailure, runSeed } from '../sim/run-seed.ts'
import type { PromiseName } from '../sim/violation.ts'
import { explore } from './explore.ts'
import { faultPlans } from './plans.ts'
import { storyOf } from './story.ts'

/** How a planted fault was found. */
export interface Finding {
  /** By the exploration of a world of that name, or by the simulation. */
  by: string
  promise: PromiseName
  message: string
  /** After how many states, or seeds. */
  after: number
  unit: 'states' | 'seeds'
  story: string
}

/** A fault that is not found within so many runs of the simulation counts as not found. */
const seedsMax = 300

/** More than any of the worlds has that faults are looked for in. */
const statesMax = 400_000

/** Builds a fault in, looks for it in one small world after the other, then in the simulation, and takes it out again. */
export async function findFault(fault: PlantedFault): Promise<Finding | undefined> {
  const takeOut = fault.plant()
  try {
    return (await findByExploring(fault.world)) ?? findBySimulating()
  } finally {
    takeOut()
  }
}

/** Looks in the worlds for planted faults, in the named one first. */
export async function findByExploring(first?: string): Promise<Finding | undefined> {
  let before = 0
  const plans = [...faultPlans].sort((a, b) => Number(b.name === first) - Number(a.name === first))
  for (const plan of plans) {
    const { found, states, world } = await explore(plan, { firstOnly: true, statesMax })
    before += states
    const [violation] = found
    if (violation === undefined) continue
    const { promise, message } = violation.broken
    return {
      by: `exploring "${plan.name}"`,
      promise,
      message,
      after: before,
      unit: 'states',
      story: storyOf(world, violation),
    }
  }
  return undefined
}

function findBySimulating(): Finding | undefined {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violation } = runSeed(seed)
    if (violation === undefined) continue
    const story = describeFailure(runSeed(seed))
    const { promise, message } = violation
    return { by: 'simulation', promise, message, after: seed, unit: 'seeds', story }
  }
  return undefined
}
