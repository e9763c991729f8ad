import { type Figure, figureOfMetric, ratioOf } from './figures.ts'
import type { CaseResult } from './results.ts'
import type { BenchCase, Metric, Target } from './types.ts'

export interface TargetResult {
  readonly benchCase: BenchCase
  readonly target: Target
  /** Of the target's workload; `undefined` if that does not measure it. */
  readonly metric: Metric | undefined
  /** What was measured; `undefined` where its workload, or one of its contenders, gave nothing. */
  readonly figure: Figure | undefined
  readonly met: boolean
}

/** Holds the targets of each case against the median of what was measured. */
export function targetsOf({ benchCase, workloads }: CaseResult): TargetResult[] {
  return benchCase.targets.flatMap((target) => {
    const result = workloads.find(({ workload }) => workload.id === target.workload)
    // A workload that was not asked for says nothing about its targets.
    if (result === undefined) return []
    const contender = result.contenders.find(({ id }) => id === target.contender)
    const over = result.contenders.find(({ id }) => id === target.over)
    let figure: Figure | undefined
    if (contender !== undefined && target.over === undefined)
      figure = figureOfMetric(contender, target.metric)
    else if (contender !== undefined && over !== undefined) figure = ratioOf(contender, over, target.metric)
    const metric = result.workload.metrics.find(({ key }) => key === target.metric)
    const met = figure !== undefined && holds(target, figure.median)
    return [{ benchCase, target, metric, figure, met }]
  })
}

/** Such as `wss-64B: lastword, messages ≥ 1.3 × ws`. */
export function nameOf({ target, metric }: Pick<TargetResult, 'target' | 'metric'>): string {
  const { workload, contender, over, atLeast, atMost } = target
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${atLeast}`]),
    ...(atMost === undefined ? [] : [`≤ ${atMost}`]),
  ].join(' and ')
  const unit = over === undefined ? (metric?.unit ?? '') : `× ${over}`
  return `${workload}: ${contender}, ${metric?.label ?? target.metric} ${bounds} ${unit}`.trimEnd()
}

function holds({ atLeast, atMost }: Target, value: number): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
}
