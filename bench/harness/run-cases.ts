import type { CaseResult } from './results.ts'
import { runWorkload } from './run.ts'
import type { BenchCase } from './types.ts'

export interface CasesToRun {
  readonly quick: boolean
  /** By number of the case: the workloads that were asked for, or all of them. */
  readonly chosen: ReadonlyMap<number, ReadonlySet<string> | 'all'>
  readonly rounds: number | undefined
}

export interface CasesEvents {
  sample(what: string): void
  line(text: string): void
  workload(): void
}

/** Does every workload that was asked for, one after the other. Resolves with what there is when `signal` is aborted. */
export async function runCases(
  cases: readonly BenchCase[],
  asked: CasesToRun,
  signal: AbortSignal,
  events: CasesEvents,
): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const benchCase of cases) {
    const workloads = workloadsOf(benchCase, asked)
    if (workloads.length === 0 || signal.aborted) continue
    const result: CaseResult = { benchCase, workloads: [] }
    results.push(result)
    for (const workload of workloads) {
      if (signal.aborted) break
      const name = `${benchCase.id}/${workload.id}`
      const rounds = asked.rounds ?? workload.rounds
      result.workloads.push(
        await runWorkload(workload, rounds, signal, {
          sample: ({ id }, round) =>
            events.sample(`${name}: ${id}, ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`),
          failed: (id, why) => events.line(`${name}: ${id} could not be measured: ${why}`),
        }),
      )
      events.workload()
    }
  }
  return results
}

export function workloadsOf(benchCase: BenchCase, { quick, chosen }: CasesToRun) {
  const asked = chosen.get(benchCase.number)
  if (asked === undefined) return []
  const workloads = benchCase.workloads({ quick })
  return asked === 'all' ? workloads : workloads.filter(({ id }) => asked.has(id))
}

/** True if every contender has a sample of every round. */
export function isWhole(results: readonly CaseResult[]): boolean {
  return results.every(({ workloads }) =>
    workloads.every(
      ({ failure, contenders }) =>
        failure === undefined && contenders.every((contender) => contender.failure === undefined),
    ),
  )
}
