import { escapeHtml } from './escape-html.ts'
import { renderHeatMap, short } from './heat-map.ts'
import { cellName, schemes, sizes } from './matrix.ts'
import { reportStyle } from './report-style.ts'
import { stackNames, stacks } from './stacks.ts'
import { renderBroken, summaryOf } from './table.ts'
import { brokenPromises, type CellResult } from './verdict.ts'

export interface Report {
  results: readonly CellResult[]
  /** Of each cell with each stack. */
  rounds: number
  seconds: number
  interrupted: boolean
}

/** The report as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
export function renderReport(report: Report): string {
  const { results, rounds, seconds, interrupted } = report
  const maps = schemes.flatMap((scheme) =>
    sizes.flatMap((size) => {
      const of = results.filter(({ cell }) => cell.scheme === scheme && cell.size === size)
      if (of.length === 0) return []
      const name = `${scheme}/${size}`
      const map = renderHeatMap(`map-${scheme}-${size}`, `${name}: answers lost, in percent`, of)
      return [`<details><summary>${name}</summary>\n${map}\n</details>`]
    }),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>lastword race: answers lost at close</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>Answers lost at close</h1>
<p>A client asks, a server answers and ends the connection at once, on real sockets. An answer is lost when it never
came whole to the client's application, although the client lived. ${results.length} cells, ${rounds} rounds of each with each
stack, ${seconds.toFixed(0)} s.${interrupted ? ' <strong>The run was interrupted; these are the rounds until then.</strong>' : ''}</p>
<p class="verdict">${verdictOf(results)}</p>
<h2>All schemes and sizes together</h2>
${renderKey()}
${renderHeatMap('map-all', 'Answers lost, in percent, by condition and by how the server ends the connection', results)}
<h2>By scheme and size</h2>
${maps.join('\n')}
<h2>By condition</h2>
${renderSums(results)}
${renderTrouble(results)}
<p>What each way and each condition does on each stack stands in race/README.md of the repository.
Node ${escapeHtml(process.versions.node)}, ${escapeHtml(process.platform)}.</p>
</main>
</body>
</html>
`
}

function verdictOf(results: readonly CellResult[]): string {
  const broken = brokenPromises(results).length
  if (broken > 0) return `Not kept: ${broken} ${broken === 1 ? 'promise' : 'promises'}, listed below.`
  const [all] = summaryOf(results, () => 'all')
  const rounds = all?.sums.lastword.rounds ?? 0
  return `lastword lost nothing in ${rounds.toLocaleString('en')} rounds, and reported nothing that is not so.`
}

function renderKey(): string {
  const names = stacks.map((stack) => `<li><b>${short[stack]}</b> ${escapeHtml(stackNames[stack])}</li>`)
  const shades = ['0', 'below 10', 'below 40', 'below 80', '80 to 100'].map(
    (text, level) => `<li><span class="swatch l${level}">${text}</span></li>`,
  )
  return `<ul class="key" aria-label="Columns">${names.join('')}</ul>
<ul class="key" aria-label="Percent lost">${shades.join('')}</ul>
<ul class="key"><li><b>u</b> some answers were gone with their server, and their clients were told "unknown"</li>
<li><b>!</b> a report was false</li><li><b>?</b> not played to the end</li><li><b>&ndash;</b> not played</li></ul>`
}

function renderSums(results: readonly CellResult[]): string {
  const heads = [...stacks.map((stack) => stackNames[stack]), 'honestly unknown', 'false reports']
  const rows = summaryOf(results, ({ condition }) => condition).map(({ name, sums }) => {
    const lost = stacks.map((stack) =>
      sums[stack].rounds === 0 ? '&ndash;' : `${sums[stack].lost} of ${sums[stack].rounds}`,
    )
    const fields = [...lost, sums.lastword.honest, sums.lastword.falseReports]
    return `<tr><th scope="row">${escapeHtml(name)}</th>${fields.map((field) => `<td>${field}</td>`).join('')}</tr>`
  })
  return `<div class="scroll" role="region" aria-labelledby="sums" tabindex="0">
<table class="sums">
<caption id="sums">Answers lost, and the last two columns of lastword</caption>
<thead><tr><td></td>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>`
}

function renderTrouble(results: readonly CellResult[]): string {
  const gaveUp = results.flatMap(({ cell, tallies }) => {
    const { bare } = tallies
    return bare?.failure === undefined ? [] : [`${cellName(cell)}: bare ws was given up: ${bare.failure}`]
  })
  const text = [renderBroken(results), ...gaveUp].filter((part) => part !== '').join('\n')
  return text === ''
    ? ''
    : `<h2>What went wrong</h2>\n<pre class="scroll" tabindex="0">${escapeHtml(text)}</pre>`
}
