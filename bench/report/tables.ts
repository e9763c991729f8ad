import { type Figure, figureOfMetric, ratioOf } from '../harness/figures.ts'
import type { CaseResult, WorkloadResult } from '../harness/results.ts'
import { nameOf, type TargetResult } from '../harness/targets.ts'
import { shown, withSpread } from './numbers.ts'

/** Rows of text; the first one is the head. */
export type Rows = readonly (readonly string[])[]

/**
 * A row for each contender: its figures, and its ratios to the baseline of the same rounds.
 *
 * @param brief for a terminal, which is narrow: what the page plots, and of ratios the median alone
 */
export function workloadRows({ workload, contenders }: WorkloadResult, brief = false): Rows {
  const { baseline } = workload
  const metrics = workload.metrics.filter(({ plotted }) => plotted !== false || !brief)
  const base = contenders.find(({ id }) => id === baseline)
  const heads = metrics.flatMap(({ label, unit }) => [
    unit === '' ? label : `${label}, ${unit}`,
    `× ${baseline}`,
  ])
  const shownRatio = (ratio: Figure | undefined) =>
    ratio !== undefined && brief ? shown(ratio.median) : withSpread(ratio)
  return [
    ['', ...heads],
    ...contenders.map((contender) => [
      contender.failure === undefined ? contender.label : `${contender.label} (failed: ${contender.failure})`,
      ...metrics.flatMap(({ key }) => [
        withSpread(figureOfMetric(contender, key)),
        shownRatio(base && ratioOf(contender, base, key)),
      ]),
    ]),
  ]
}

export function targetRows(targets: readonly TargetResult[]): Rows {
  return [
    ['target', 'measured', ''],
    ...targets.map((result) => [
      `${result.benchCase.number} ${nameOf(result)}`,
      withSpread(result.figure),
      result.figure === undefined ? 'not measured' : result.met ? 'met' : 'not met',
    ]),
  ]
}

/** Such as `median of 11 rounds (least–greatest)`. */
export function describeRounds({ contenders }: WorkloadResult): string {
  const done = contenders.map(({ samples }) => samples.filter((sample) => sample !== undefined).length)
  const rounds = Math.max(0, ...done)
  return rounds === 1 ? 'one round' : `median of ${rounds} rounds (least–greatest)`
}

/** What is to be looked at first, as plain text. */
export function renderText(results: readonly CaseResult[], targets: readonly TargetResult[]): string {
  const parts = results.flatMap(({ benchCase, workloads }) => [
    `${benchCase.number}. ${benchCase.title}`,
    ...workloads.map((result) =>
      [
        `${benchCase.id}/${result.workload.id}: ${result.workload.title}; ${describeRounds(result)}`,
        ...(result.failure === undefined
          ? [aligned(workloadRows(result, true))]
          : [`could not be measured: ${result.failure}`]),
        ...result.notes.map((note) => `Note: ${note}`),
      ].join('\n'),
    ),
  ])
  if (targets.length > 0) parts.push(aligned(targetRows(targets)))
  return parts.join('\n\n')
}

function aligned(rows: Rows): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
