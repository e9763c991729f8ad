import type { CaseResult, WorkloadResult } from '../harness/results.ts'
import { describeRun, type RunReport } from './run-report.ts'
import { describeRounds, type Rows, targetRows, workloadRows } from './tables.ts'

/** The tables as they stand in docs/performance.md. */
export function renderMarkdown(report: RunReport): string {
  const { results, targets } = report
  return [
    table([['', ''], ...describeRun(report)]),
    ...(targets.length === 0 ? [] : ['### Targets', table(targetRows(targets))]),
    ...results.flatMap(renderCase),
  ].join('\n\n')
}

function renderCase({ benchCase, workloads }: CaseResult): string[] {
  return [
    `### ${benchCase.number}. ${benchCase.title}`,
    benchCase.about,
    ...workloads.flatMap(renderWorkload),
  ]
}

function renderWorkload(result: WorkloadResult): string[] {
  const { workload, notes, failure } = result
  if (failure !== undefined) return [`**${workload.title}**: could not be measured: ${failure}`]
  return [`**${workload.title}**, ${describeRounds(result)}:`, table(workloadRows(result)), ...notes]
}

function table([head = [], ...rows]: Rows): string {
  const line = (fields: readonly string[]) =>
    `| ${fields.map((field) => field.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
