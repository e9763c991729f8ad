import { type Cell, formatMs, formatPercent } from './figures.ts'
import { rowById } from './rows.ts'
import { stackById } from './stack-list.ts'

const headings = ['row', 'stack', 'rounds', 'Answers', 'lost %', 'median ms', 'p99 ms']
/** The first two columns are text, the others are numbers. */
const textColumns = 2

/** The one table, as text: a group of lines for each row, a line for each stack. */
export function renderTable(cells: readonly Cell[]): string {
  const lines = cells.map((cell, index) => {
    const first = cells[index - 1]?.row !== cell.row
    return { first, texts: [first ? `${cell.row} ${rowById(cell.row).name}` : '', ...textsOf(cell)] }
  })
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map(({ texts }) => texts[column]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const rendered = [renderLine(headings, widths)]
  for (const { first, texts } of lines) {
    if (first) rendered.push(rule)
    rendered.push(renderLine(texts, widths))
  }
  return rendered.join('\n')
}

/** What the table has no column for: reasons, data channels that stayed silent, cells that were given up. */
export function renderRemarks(cells: readonly Cell[]): string {
  return cells
    .flatMap((cell) => {
      const where = `row ${cell.row}, ${stackById(cell.stack).name}`
      const remarks: string[] = []
      if (cell.channelsTalked < cell.channelsTried) {
        remarks.push(
          `${where}: ${cell.channelsTalked} of ${cell.channelsTried} data channels carried their message`,
        )
      }
      if (cell.failure !== undefined)
        remarks.push(`${where}: given up after ${cell.rounds} rounds: ${cell.failure}`)
      if (cell.stack === 'lastword') {
        if (cell.cuts !== undefined && cell.cuts < cell.rounds) {
          remarks.push(`${where}: the proxy reset only ${cell.cuts} of ${cell.rounds} rounds`)
        }
        if (cell.uncleanCloses > 0) remarks.push(`${where}: ${cell.uncleanCloses} closes were not clean`)
        for (const [reason, count] of Object.entries(cell.reasons))
          remarks.push(`${where}: ${count} lost: ${reason}`)
      }
      return remarks
    })
    .join('\n')
}

function textsOf(cell: Cell): string[] {
  return [
    stackById(cell.stack).name,
    String(cell.rounds),
    String(cell.answers),
    formatPercent(cell.lostPercent),
    formatMs(cell.medianMs),
    formatMs(cell.p99Ms),
  ]
}

function renderLine(texts: readonly string[], widths: readonly number[]): string {
  return texts
    .map((text, column) =>
      column < textColumns ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
    )
    .join('  ')
    .trimEnd()
}
