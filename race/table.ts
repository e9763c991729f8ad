import { type Cell, cellName, ways } from './matrix.ts'
import type { Tally } from './outcome.ts'
import { type StackId, stackNames, stacks } from './stacks.ts'
import { brokenPromises, type CellResult, replayOf } from './verdict.ts'

/** Losses of every cell: a line for each scheme, size and condition, a column for each way. */
export function renderTable(results: readonly CellResult[]): string {
  const played = ways.filter((way) => results.some(({ cell }) => cell.way === way))
  const groups = new Map<string, CellResult[]>()
  for (const result of results) {
    const key = lineOf(result.cell)
    groups.set(key, [...(groups.get(key) ?? []), result])
  }
  const lines = [...groups].map(([line, ofLine]) => [
    line,
    ...played.map((way) => {
      const result = ofLine.find(({ cell }) => cell.way === way)
      return result === undefined ? '' : stacks.map((stack) => lossOf(result.tallies[stack])).join(' ')
    }),
  ])
  return aligned([['', ...played], ...lines])
}

/** Rounds and losses by condition, for each stack. */
export function renderSummary(results: readonly CellResult[]): string {
  const rows = summaryOf(results, ({ condition }) => condition)
  return aligned([
    ['lost of rounds', ...stacks.map((stack) => stackNames[stack]), 'honestly unknown', 'false reports'],
    ...rows.map(({ name, sums }) => [
      name,
      ...stacks.map((stack) =>
        sums[stack].rounds === 0 ? '-' : `${sums[stack].lost} of ${sums[stack].rounds}`,
      ),
      String(sums.lastword.honest),
      String(sums.lastword.falseReports),
    ]),
  ])
}

/** What was promised and not kept: each with how to play it again, and what the client of one lost round saw. */
export function renderBroken(results: readonly CellResult[]): string {
  return brokenPromises(results)
    .flatMap(({ cell, stack, what }) => {
      const tally = results.find((result) => result.cell === cell)?.tallies[stack]
      const reasons = Object.entries(tally?.reasons ?? {}).map(([reason, count]) => `    ${count}: ${reason}`)
      const trace = (tally?.trace ?? []).map((event) => `    ${JSON.stringify(event)}`)
      return [
        what,
        ...reasons,
        ...(trace.length === 0 ? [] : ['  what its client saw in one of these rounds:', ...trace]),
        `  to play it again: ${replayOf(cell, Math.max(20, tally?.rounds ?? 0))}`,
      ]
    })
    .join('\n')
}

export interface Summary {
  name: string
  sums: Record<StackId, { rounds: number; lost: number; honest: number; falseReports: number }>
}

/** Sums of rounds and losses by what `nameOf` says of a cell, in the order of the first cell of each, and of all. */
export function summaryOf(results: readonly CellResult[], nameOf: (cell: Cell) => string): Summary[] {
  const names = [...new Set(results.map(({ cell }) => nameOf(cell)))]
  const groups = [
    ...names.map((name) => ({ name, of: results.filter(({ cell }) => nameOf(cell) === name) })),
    { name: 'all', of: results },
  ]
  return groups.map(({ name, of }) => {
    const sum = (stack: StackId) => {
      const total = { rounds: 0, lost: 0, honest: 0, falseReports: 0 }
      for (const { tallies } of of) {
        const tally = tallies[stack]
        for (const key of ['rounds', 'lost', 'honest', 'falseReports'] as const)
          total[key] += tally?.[key] ?? 0
      }
      return total
    }
    return { name, sums: { bare: sum('bare'), pong: sum('pong'), lastword: sum('lastword') } }
  })
}

function lineOf(cell: Cell): string {
  const [scheme, size, , condition] = cellName(cell).split('/')
  return `${scheme}/${size} ${condition}`
}

function lossOf(tally: Tally | undefined): string {
  if (tally === undefined) return '-'
  const marks = `${tally.falseReports > 0 ? '!' : ''}${tally.failure === undefined ? '' : '?'}`
  return `${tally.lost}${marks}`
}

function aligned(rows: readonly string[][]): string {
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
