import type { BenchCase, Sample, Workload } from './types.ts'

/** What came of one contender. */
export interface ContenderResult {
  readonly id: string
  readonly label: string
  /** By round; `undefined` for a round that it did not do, because of a failure or an interrupt. */
  readonly samples: (Sample | undefined)[]
  /** Why it does not take part any more. */
  failure?: string
}

export interface WorkloadResult {
  readonly workload: Workload
  readonly contenders: ContenderResult[]
  readonly notes: string[]
  /** Why nothing of it could be measured. */
  failure?: string
}

export interface CaseResult {
  readonly benchCase: BenchCase
  readonly workloads: WorkloadResult[]
}
