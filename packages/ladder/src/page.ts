import type { EnvelopeView } from './envelope-view.ts'
import { escapeHtml } from './escape-html.ts'
import { pageStyle } from './page-style.ts'
import { plainText } from './plain-text.ts'
import { type FrameRow, otherSide, type Row, type Story, tellStory } from './story.ts'
import {
  batchWords,
  cautions,
  clockNotes,
  counted,
  facts,
  formatMs,
  frameWords,
  leftOutWords,
  linkWords,
  markWords,
  missingWords,
  type ReadingNotes,
} from './story-words.ts'
import type { Traces } from './traces.ts'

/** The page, piece by piece: one HTML file that needs nothing else, no script, no font, no picture from anywhere. */
export function* drawPage(traces: Traces, notes: ReadingNotes, title: string): Iterable<string> {
  const sessions = traces.sessions
  const name = escapeHtml(plainText(title, titleCharsMax))
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${name}</h1>
<p class="quiet">${escapeHtml(from(traces, notes))}</p>
`
  const warned = cautions(traces, notes)
  if (warned.length > 0) yield `<ul class="cautions">\n${warned.map(item).join('\n')}\n</ul>\n`
  yield howToRead
  if (sessions.length > 1) {
    const links = sessions.map(
      ({ sid }, index) =>
        `<li><a href="#session-${index + 1}">${escapeHtml(plainText(sid, sidCharsMax))}</a></li>`,
    )
    yield `<nav aria-label="Sessions">\n<ol>\n${links.join('\n')}\n</ol>\n</nav>\n`
  }
  for (const [index, session] of sessions.entries()) yield* drawSession(tellStory(session), index + 1)
  yield '</main>\n</body>\n</html>\n'
}

/** One session's rows as a list, for pages of others; they need `ladderStyle`. */
export function* drawRows(story: Story, label: string): Iterable<string> {
  yield `<div class="ladder-ends" aria-hidden="true"><span class="client">client</span><span class="server">server</span></div>
<ol class="ladder" role="list" aria-label="${escapeHtml(label)}">
`
  for (const row of story.rows) yield `${drawRow(row, row.at - story.start)}\n`
  yield '</ol>\n'
}

function* drawSession(story: Story, number: number): Iterable<string> {
  const sid = escapeHtml(plainText(story.sid, sidCharsMax))
  const list = facts(story).map(
    ([term, value]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}</dd>`,
  )
  yield `<section aria-labelledby="session-${number}">
<h2 id="session-${number}">Session ${sid}</h2>
<dl>
${list.join('\n')}
</dl>
`
  for (const note of clockNotes(story)) yield `<p class="quiet">${escapeHtml(note)}</p>\n`
  yield* drawRows(story, `Session ${plainText(story.sid, sidCharsMax)}, in the order of time`)
  yield '</section>\n'
}

function drawRow(row: Row, at: number): string {
  const time = `<div class="time">${formatMs(at)}</div>`
  switch (row.kind) {
    case 'link': {
      const unclean = row.end !== undefined && !row.end.clean ? ' unclean' : ''
      return `<li class="row link${unclean}">${time}<div class="wire"><p>${escapeHtml(linkWords(row))}</p></div></li>`
    }
    case 'left-out':
      return `<li class="row left-out">${time}<div class="wire"><p>${escapeHtml(leftOutWords(row))}</p></div></li>`
    case 'frame':
      return drawFrame(row, time)
  }
}

function drawFrame(row: FrameRow, time: string): string {
  const missing = row.missing ? ' missing' : ''
  const lost = row.missing ? ` <span class="lost">${escapeHtml(missingWords(row))}</span>` : ''
  return `<li class="row from-${row.from}${missing}">${time}<div class="wire"><span class="hidden">${row.from} to ${otherSide(row.from)}: </span>${drawEnvelopes(row)}
<p class="about">${frameWords(row).map(escapeHtml).join(' · ')}${lost}</p><div class="arrow"></div></div></li>`
}

function drawEnvelopes(row: FrameRow): string {
  if (row.garbage) return '<p class="words">a frame that could not be understood</p>'
  const [only] = row.first
  if (row.count === 1 && only !== undefined) return `<p>${drawEnvelope(only)}</p>`
  const shown = [...row.first, ...row.last]
  const leftOut = row.count - shown.length
  const items = row.first.map((view) => `<li>${drawEnvelope(view)}</li>`)
  if (leftOut > 0) items.push(`<li>${leftOut} envelopes are left out here</li>`)
  for (const view of row.last) items.push(`<li>${drawEnvelope(view)}</li>`)
  const list = `<ul class="batch">\n${items.join('\n')}\n</ul>`
  if (row.count <= openBatchMax) return list
  return `<details><summary>${escapeHtml(batchWords(row))}</summary>\n${list}\n</details>`
}

function drawEnvelope(view: EnvelopeView): string {
  const parts = [`<span class="words">${escapeHtml(view.words)}</span>`]
  if (view.id !== undefined) parts.push(`<code>${escapeHtml(view.id)}</code>`)
  if (view.handles !== undefined)
    parts.push(`<span class="about">handled: ${escapeHtml(view.handles)}</span>`)
  const mark = markWords(view)
  if (mark !== undefined) parts.push(`<span class="mark">${escapeHtml(mark)}</span>`)
  const envelope = parts.join(' ')
  if (view.payload === undefined) return envelope
  return `${envelope}<details><summary>payload</summary><pre>${escapeHtml(view.payload)}</pre></details>`
}

function from(traces: Traces, { files }: ReadingNotes): string {
  const names = files.map((file) => plainText(file, titleCharsMax))
  const sessions = traces.sessions.length + traces.others.size
  const atLeast = traces.unnamedLines > 0 ? 'at least ' : ''
  return `Drawn from ${names.join(', ')}: ${counted(traces.lines, 'line')}, ${atLeast}${counted(sessions, 'session')}.`
}

function item(text: string): string {
  return `<li>${escapeHtml(text)}</li>`
}

/** A frame of more envelopes than this is folded. */
const openBatchMax = 8
const titleCharsMax = 200
const sidCharsMax = 200

const howToRead = `<details>
<summary>How to read this</summary>
<p>Time goes down. An arrow is one frame, from the side that sent it, at the time at which it left; several envelopes in
it are a list. Where only its receiver recorded a trace, it stands at the time at which it arrived. A dashed arrow that
ends in a cross was sent, and is not in the trace of the other side, although there is one. <em>Handled</em> names what
an acknowledgement covers that no earlier one did: the application has finished with it. <em>Sent again</em> marks
messages that went over an earlier link already; the receiver drops what it has.</p>
</details>
`
