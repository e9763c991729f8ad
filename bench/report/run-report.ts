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

/** What is to be known of a run beside its figures, as names and values. */
export function describeRun({ startedAt, seconds, quick, machine, versions }: RunReport): [string, string][] {
  const { cpu, cores, memoryGib, system, node } = machine
  return [
    ['measured', `${startedAt.slice(0, 16).replace('T', ' ')} UTC, in ${seconds} s${quick ? ', quick' : ''}`],
    ['machine', `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memoryGib} GiB, ${system}`],
    ['Node', node],
    [
      'packages',
      Object.entries(versions)
        .map((entry) => entry.join(' '))
        .join(', '),
    ],
  ]
}
