import type { Statistics } from './statistics.ts'
import type { PromiseName } from './violation.ts'
import { Violation } from './violation.ts'
import { World, type WorldOptions } from './world.ts'

export interface SeedResult {
  seed: number
  statistics: Statistics
  /** Undefined if every promise was kept. */
  violation: { promise: PromiseName; message: string; stack: string | undefined } | undefined
  /** The story of the run, if it was asked for. */
  trace: string[] | undefined
}

/** One run. The same seed gives the same run; nothing outside it matters. */
export function runSeed(seed: number, options: WorldOptions = {}): SeedResult {
  const world = new World(seed, options)
  let violation: SeedResult['violation']
  try {
    world.run()
  } catch (error) {
    const { message, stack } = error as Error
    const promise = error instanceof Violation ? error.promise : 'liveness'
    violation = { promise, message: error instanceof Violation ? message : `it threw: ${message}`, stack }
    world.trace?.say('VIOLATED', `${promise}: ${violation.message}`)
  }
  return { seed, statistics: world.statistics, violation, trace: world.trace?.lines }
}

/** What a failed run prints: the seed, the promise, the story, and how to see it again. */
export function describeFailure(result: SeedResult, options: WorldOptions = {}): string {
  const { seed, violation } = result
  if (violation === undefined) return `seed ${seed}: every promise was kept`
  const story = result.trace ?? runSeed(seed, { ...options, trace: true }).trace ?? []
  const shown =
    result.trace === undefined && story.length > linesMax
      ? [`  … ${story.length - linesMax} lines before`, ...story.slice(-linesMax)]
      : story
  return [
    `seed ${seed} breaks "${violation.promise}": ${violation.message}`,
    ...shown,
    `to see it again: npm run sim -- --seeds 1 --from ${seed} --trace`,
  ].join('\n')
}

const linesMax = 120
