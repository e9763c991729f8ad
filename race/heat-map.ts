import { escapeHtml } from './escape-html.ts'
import { type Cell, conditions, type Way, ways } from './matrix.ts'
import type { Tally } from './outcome.ts'
import { playsIn, type StackId, stackNames, stacks } from './stacks.ts'
import type { CellResult } from './verdict.ts'

/** What one field of the map stands for: several cells' figures, added up. */
interface Field {
  rounds: number
  lost: number
  honest: number
  falseReports: number
  failed: boolean
}

/**
 * One map as an HTML table: a row for each condition, a group of columns for each way, in it a column for each stack.
 * A field says its percentage in digits, so the colour only repeats it.
 */
export function renderHeatMap(id: string, caption: string, results: readonly CellResult[]): string {
  const shownWays = ways.filter((way) => results.some(({ cell }) => cell.way === way))
  const shownConditions = conditions.filter((name) => results.some(({ cell }) => cell.condition === name))
  const columns = shownWays.flatMap((way) => stacksAt(way).map((stack) => ({ way, stack })))
  const groups = shownWays.map(
    (way) => `<th scope="colgroup" colspan="${stacksAt(way).length}" class="group">${escapeHtml(way)}</th>`,
  )
  const heads = columns.map(
    ({ way, stack }) =>
      `<th scope="col" class="${startOf(way, stack)}"><abbr title="${escapeHtml(stackNames[stack])}">${short[stack]}</abbr></th>`,
  )
  const rows = shownConditions.map((condition) => {
    const fields = columns.map(({ way, stack }) => {
      const of = results.filter(({ cell }) => cell.condition === condition && cell.way === way)
      return renderField(fieldOf(of, stack), stack, way)
    })
    return `<tr><th scope="row">${escapeHtml(condition)}</th>${fields.join('')}</tr>`
  })
  return `<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
<table>
<caption id="${id}">${escapeHtml(caption)}</caption>
<colgroup></colgroup>
${shownWays.map((way) => `<colgroup span="${stacksAt(way).length}"></colgroup>`).join('')}
<thead>
<tr><td rowspan="2"></td>${groups.join('')}</tr>
<tr>${heads.join('')}</tr>
</thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>`
}

/** The heads of the columns: there is no room for more. */
export const short: Record<StackId, string> = { bare: 'b', pong: 'p', lastword: 'l' }

/** How a share of losses reads and looks; nothing that happened is rounded to nothing. */
export function shadeOf(lost: number, rounds: number): { text: string; level: 0 | 1 | 2 | 3 | 4 } {
  if (lost === 0) return { text: '0', level: 0 }
  const percent = (100 * lost) / rounds
  const text = percent < 1 ? '<1' : percent > 99 && lost < rounds ? '>99' : String(Math.round(percent))
  if (percent < 10) return { text, level: 1 }
  if (percent < 40) return { text, level: 2 }
  return { text, level: percent < 80 ? 3 : 4 }
}

function stacksAt(way: Way): StackId[] {
  return stacks.filter((stack) => playsIn(stack, { way } as Cell))
}

/** Groups of columns are told apart by a line at their first one. */
function startOf(way: Way, stack: StackId): string {
  return stacksAt(way)[0] === stack ? 'start' : ''
}

function fieldOf(results: readonly CellResult[], stack: StackId): Field | undefined {
  const tallies = results.flatMap(({ tallies }): Tally[] => {
    const tally = tallies[stack]
    return tally === undefined ? [] : [tally]
  })
  if (tallies.length === 0) return undefined
  const sum = (key: 'rounds' | 'lost' | 'honest' | 'falseReports') =>
    tallies.reduce((total, tally) => total + tally[key], 0)
  return {
    rounds: sum('rounds'),
    lost: sum('lost'),
    honest: sum('honest'),
    falseReports: sum('falseReports'),
    failed: tallies.some(({ failure }) => failure !== undefined),
  }
}

function renderField(field: Field | undefined, stack: StackId, way: Way): string {
  const start = startOf(way, stack)
  if (field === undefined || field.rounds === 0) return `<td class="none ${start}">&ndash;</td>`
  const { rounds, lost, honest, falseReports, failed } = field
  const { text, level } = shadeOf(lost, rounds)
  const words = [
    `${stackNames[stack]}: ${lost} of ${rounds} lost`,
    ...(honest > 0 ? [`${honest} gone with the server, and told so`] : []),
    ...(falseReports > 0 ? [`${falseReports} false reports`] : []),
    ...(failed ? ['not played to the end'] : []),
  ].join(', ')
  const marks = `${honest > 0 ? '<sup>u</sup>' : ''}${falseReports > 0 ? '<sup>!</sup>' : ''}${failed ? '<sup>?</sup>' : ''}`
  return `<td class="l${level} ${start}" title="${escapeHtml(words)}">${text.replace('<', '&lt;').replace('>', '&gt;')}${marks}</td>`
}
