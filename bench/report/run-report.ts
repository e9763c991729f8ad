import type { CaseResult } from '../harness/results.ts'
import type { TargetResult } from '../harness/targets.ts'
import type { Machine } from './machine.ts'

/** A whole run, as every kind of report is made from it. */
export interface RunReport {
  /** When it began, as ISO 8601. */
  readonly startedAt: string
  readonly seconds: number
  readonly quick: boolean
  readonly interrupted: boolean
  readonly machine: Machine
  /** Of the packages that take part, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly targets: readonly TargetResult[]
  readonly results: readonly CaseResult[]
}
