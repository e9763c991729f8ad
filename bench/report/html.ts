import type { CaseResult, WorkloadResult } from '../harness/results.ts'
import type { TargetResult } from '../harness/targets.ts'
import { renderBarPlot } from './bar-plot.ts'
import { escapeHtml } from './escape-html.ts'
import { htmlStyle } from './html-style.ts'
import { describeRun, type RunReport } from './run-report.ts'
import { describeRounds, type Rows, targetRows, workloadRows } from './tables.ts'

/** The report as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
export function renderHtml(report: RunReport): string {
  const { results, targets, interrupted, quick } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>lastword bench</title>
<style>${htmlStyle}</style>
</head>
<body>
<main>
<h1>What lastword costs</h1>
<p>Everybody did the same work in the same run, in rounds in which each one worked once. A figure is the median of the rounds,
with the least and the greatest of them in brackets; a ratio is taken within each round, to the contender that stands in its
column's head.${quick ? ' This was a quick run, with few rounds and little work in each.' : ''}${interrupted ? ' <strong>The run was interrupted; these are the rounds until then.</strong>' : ''}</p>
<dl>
${describeRun(report)
  .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
  .join('\n')}
</dl>
${renderTargets(targets)}
${results.map(renderCase).join('\n')}
</main>
</body>
</html>
`
}

function renderTargets(targets: readonly TargetResult[]): string {
  if (targets.length === 0) return ''
  const met = targets.filter((target) => target.met).length
  return `<h2>Targets</h2>
<p>${met} of ${targets.length} met.</p>
${renderTable(targetRows(targets), 'Targets of the project, and what was measured in this run')}`
}

function renderCase({ benchCase, workloads }: CaseResult): string {
  return `<section>
<h2>${benchCase.number}. ${escapeHtml(benchCase.title)}</h2>
<p>${escapeHtml(benchCase.about)}</p>
${workloads.map(renderWorkload).join('\n')}
</section>`
}

function renderWorkload(result: WorkloadResult): string {
  const { workload, notes, failure } = result
  if (failure !== undefined)
    return `<h3>${escapeHtml(workload.title)}</h3>\n<p>This could not be measured: ${escapeHtml(failure)}</p>`
  const plots = workload.metrics
    .filter(({ plotted }) => plotted !== false)
    .map((metric) => renderBarPlot(result, metric))
  return `<h3>${escapeHtml(workload.title)}</h3>
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
<div class="plots">
${plots.join('\n')}
</div>
${renderTable(workloadRows(result), describeRounds(result))}`
}

function renderTable([head = [], ...rows]: Rows, caption: string): string {
  const heads = head.map((text) => (text === '' ? '<td></td>' : `<th scope="col">${escapeHtml(text)}</th>`))
  const body = rows.map(([name = '', ...fields]) => {
    const cells = fields.map((text) => `<td${stateOf(text)}>${escapeHtml(text)}</td>`)
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`
  })
  return `<div class="scroll" role="region" aria-label="${escapeHtml(caption)}" tabindex="0">
<table>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table>
</div>`
}

function stateOf(text: string): string {
  if (text === 'met') return ' class="met"'
  return text === 'not met' || text === 'not measured' ? ' class="missed"' : ''
}
