import { type Figure, figureOfMetric } from '../harness/figures.ts'
import type { WorkloadResult } from '../harness/results.ts'
import type { Metric } from '../harness/types.ts'
import { escapeHtml } from './escape-html.ts'
import { shown } from './numbers.ts'
import { ticksTo } from './ticks.ts'

/** All in the units of the picture, which are pixels where there is room for it. */
const width = 400
const margin = 8
const headHeight = 26
const rowHeight = 34
const barTop = 17
const barHeight = 11
const axisHeight = 22

/**
 * One metric of a workload as a picture: a bar from zero to each contender's median, and a line from its least to its greatest
 * round. The names stand above the bars, so that it can be read on a phone. Empty where nothing was measured.
 */
export function renderBarPlot({ workload, contenders }: WorkloadResult, metric: Metric): string {
  const bars = contenders.flatMap(({ id, label, samples }) => {
    const figure = figureOfMetric({ id, label, samples }, metric.key)
    return figure === undefined ? [] : [{ id, label, figure }]
  })
  if (bars.length === 0) return ''
  const ticks = ticksTo(Math.max(...bars.map(({ figure }) => figure.greatest)))
  const end = ticks[ticks.length - 1] ?? 1
  const x = (value: number) => rounded(margin + (value / end) * (width - 2 * margin))
  const bottom = headHeight + bars.length * rowHeight
  const height = bottom + axisHeight
  const better = metric.better === 'more' ? 'more is better' : 'less is better'
  const name = `${metric.label}${metric.unit === '' ? '' : ` (${metric.unit})`}, ${better}`
  const grid = ticks.map(
    (tick, index) =>
      `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${headHeight}" y2="${bottom}"/>` +
      `<text class="tick" x="${x(tick)}" y="${bottom + 15}" text-anchor="${anchorOf(index, ticks.length)}">${brief(tick)}</text>`,
  )
  const rows = bars.map(({ id, label, figure }, index) => {
    const top = headHeight + index * rowHeight
    return `<g class="${classOf(id, workload.baseline)}">
<text class="name" x="${margin}" y="${top + 12}">${escapeHtml(label)}</text>
<text class="value" x="${width - margin}" y="${top + 12}" text-anchor="end">${shown(figure.median)}</text>
<rect class="bar" x="${margin}" y="${top + barTop}" width="${rounded(x(figure.median) - margin)}" height="${barHeight}"/>
${whisker(figure, x, top + barTop + barHeight / 2)}
</g>`
  })
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${workload.title}: ${name}`)}">
<text class="head" x="${margin}" y="15">${escapeHtml(name)}</text>
${grid.join('\n')}
${rows.join('\n')}
</svg>`
}

function whisker({ least, greatest }: Figure, x: (value: number) => number, y: number): string {
  const [from, to] = [x(least), x(greatest)]
  return `<path class="whisker" d="M${from} ${y}H${to}M${from} ${y - 4}v8M${to} ${y - 4}v8"/>`
}

function classOf(id: string, baseline: string): string {
  if (id === baseline) return 'baseline'
  return id.startsWith('lastword') ? 'ours' : 'other'
}

/** The first and the last number must not stand out of the picture. */
function anchorOf(index: number, count: number): 'start' | 'middle' | 'end' {
  if (index === 0) return 'start'
  return index === count - 1 ? 'end' : 'middle'
}

/** A round number in few characters: 200,000 as 200k. */
function brief(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  if (value >= 1e4) return `${value / 1e3}k`
  return value >= 1 || value === 0 ? value.toLocaleString('en') : shown(value)
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
