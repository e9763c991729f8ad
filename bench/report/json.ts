import { figureOfMetric, ratioOf } from '../harness/figures.ts'
import type { CaseResult, ContenderResult, WorkloadResult } from '../harness/results.ts'
import { nameOf, type TargetResult } from '../harness/targets.ts'
import type { RunReport } from './run-report.ts'

/** The results as plain data: figures, ratios to the baseline, and every sample. */
export function jsonOf({ results, targets, ...run }: RunReport) {
  return { ...run, targets: targets.map(targetOf), cases: results.map(caseOf) }
}

function caseOf({ benchCase, workloads }: CaseResult) {
  const { number, id, title } = benchCase
  return { number, id, title, workloads: workloads.map(workloadOf) }
}

function workloadOf({ workload, contenders, notes, failure }: WorkloadResult) {
  const { id, title, metrics, baseline } = workload
  const base = contenders.find((contender) => contender.id === baseline)
  const by = <T>(value: (key: string) => T) => Object.fromEntries(metrics.map(({ key }) => [key, value(key)]))
  return {
    id,
    title,
    metrics,
    baseline,
    notes,
    failure,
    contenders: contenders.map((contender: ContenderResult) => ({
      id: contender.id,
      label: contender.label,
      failure: contender.failure,
      figures: by((key) => figureOfMetric(contender, key)),
      ratios: by((key) => (base === undefined ? undefined : ratioOf(contender, base, key))),
      samples: contender.samples,
    })),
  }
}

function targetOf(result: TargetResult) {
  const { benchCase, target, figure, met } = result
  return { case: benchCase.number, name: nameOf(result), ...target, figure, met }
}
