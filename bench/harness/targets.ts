import { type Figure, figureOfMetric, ratioOf } from './figures.ts'
import type { CaseResult } from './results.ts'
import type { BenchCase, Target } from './types.ts'

export interface TargetResult {
  readonly benchCase: BenchCase
  readonly target: Target
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
    return [{ benchCase, target, figure, met: figure !== undefined && holds(target, figure.median) }]
  })
}

/** Such as `wss-64B-text: lastword perSecond ≥ 1.3 × ws`. */
export function nameOf({ workload, contender, metric, over, atLeast, atMost }: Target): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${atLeast}`]),
    ...(atMost === undefined ? [] : [`≤ ${atMost}`]),
  ]
  return `${workload}: ${contender} ${metric} ${bounds.join(' and ')}${over === undefined ? '' : ` × ${over}`}`
}

function holds({ atLeast, atMost }: Target, value: number): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
}
