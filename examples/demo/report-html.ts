import type { TraceEvent } from '@lastword/sdk'
import { drawRows, ladderStyle, Traces, tellStory } from 'lastword-ladder'
import { escapeHtml } from './escape-html.ts'
import { type Cell, formatMs, formatPercent } from './figures.ts'
import { reportStyle } from './report-style.ts'
import { rowById } from './rows.ts'
import { stackById } from './stack-list.ts'

export interface Report {
  cells: readonly Cell[]
  ladder: readonly TraceEvent[]
  platform: string
  seconds: number
  interrupted: boolean
}

/** The report as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
export function renderReport(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>lastword demo: Answers lost when the server closes at once</title>
<style>${ladderStyle}${reportStyle}</style>
</head>
<body>
<main>
<h1>Answers lost when the server closes at once</h1>
<p>A WebRTC client sends an SDP Offer over a secure WebSocket. The signaling server sends the Answer and disconnects.
Offers and Answers were made by libdatachannel; client and server ran in two processes of one machine.
An Answer is lost when it never reached the client's application.${report.interrupted ? ' <strong>The run was interrupted; these are the rounds until then.</strong>' : ''}</p>
${renderCells(report.cells)}
<h2>What the rows do</h2>
<dl>
${rowsIn(report.cells)
  .map(({ id, name, what }) => `<dt>${id} ${escapeHtml(name)}</dt>\n<dd>${escapeHtml(what)}</dd>`)
  .join('\n')}
</dl>
<h2>How it was measured</h2>
<p>Time runs from the Offer being ready, with no connection yet, to the Answer in the application's hands; the p99 is a
nearest-rank percentile. The platform's WebSocket is ${escapeHtml(report.platform || 'not started')}; Node ${escapeHtml(process.versions.node)}, ${escapeHtml(process.platform)}.
The run took ${report.seconds.toFixed(0)} s.</p>
${renderLadder(report.ladder)}
</main>
</body>
</html>
`
}

function renderCells(cells: readonly Cell[]): string {
  const groups = rowsIn(cells).map(({ id, name }) => {
    const ofRow = cells.filter(({ row }) => row === id)
    const lines = ofRow.map((cell, index) => {
      const head =
        index === 0 ? `<th scope="rowgroup" rowspan="${ofRow.length}">${id} ${escapeHtml(name)}</th>\n` : ''
      return `<tr class="${cell.stack}">\n${head}${renderCell(cell)}\n</tr>`
    })
    return `<tbody>\n${lines.join('\n')}\n</tbody>`
  })
  return `<div class="scroll" role="region" aria-labelledby="results" tabindex="0">
<table>
<caption id="results">Rounds, Answers and times for each row and stack</caption>
<thead>
<tr><th scope="col">Row</th><th scope="col">Stack</th><th scope="col" class="number">Rounds</th><th scope="col" class="number">Answers</th><th scope="col" class="number">Lost, %</th><th scope="col" class="number">Median, ms</th><th scope="col" class="number">p99, ms</th></tr>
</thead>
${groups.join('\n')}
</table>
</div>`
}

function renderCell(cell: Cell): string {
  const lost = cell.lostPercent > 0 ? 'lost' : 'kept'
  const name = escapeHtml(stackById(cell.stack).name)
  const failure = cell.failure === undefined ? '' : `<br><small>given up: ${escapeHtml(cell.failure)}</small>`
  return [
    `<th scope="row">${name}${failure}</th>`,
    `<td class="number">${cell.rounds}</td>`,
    `<td class="number">${cell.answers}</td>`,
    `<td class="number ${lost}">${cell.rounds === 0 ? '-' : formatPercent(cell.lostPercent)}</td>`,
    `<td class="number">${formatMs(cell.medianMs)}</td>`,
    `<td class="number">${formatMs(cell.p99Ms)}</td>`,
  ].join('\n')
}

function renderLadder(events: readonly TraceEvent[]): string {
  const traces = new Traces({ rowsMax: ladderRowsMax })
  for (const event of events) traces.take(event)
  const [session] = traces.sessions
  if (session === undefined) return ''
  const label = 'One round over lastword in which a proxy resets the connection under the Answer'
  return `<h2>One round with the proxy, over lastword</h2>
<p>What lastword's client saw, from top to bottom. The first connection is cut while the Answer is on its way; the
session resumes on the next one, and closes when both sides have handled everything. Envelopes that were destroyed
with the first connection are not drawn, for the client never saw them.</p>
${[...drawRows(tellStory(session), label)].join('')}`
}

/** A diagram longer than this is no longer read; its middle is left out, but for what happens to connections. */
const ladderRowsMax = 40

function rowsIn(cells: readonly Cell[]) {
  return [...new Set(cells.map(({ row }) => row))].map(rowById)
}
