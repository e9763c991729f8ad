import { escapeHtml } from './escape-html.ts'
import type { LadderEvent } from './ladder-event.ts'

/** A line of the diagram: one event, or several neighbours that say the same kind of thing. */
export interface LadderLine extends LadderEvent {
  count: number
}

const width = 720
const clientX = 190
const serverX = 610
const top = 58
const step = 30
/** How far an arrow falls on its way, so that it reads as something that takes time. */
const fall = 9
/** A diagram longer than this is no longer read; the middle of it is left out. */
const linesMax = 48

/** Draws neighbours of one group as one line, and leaves out the middle of a very long diagram. */
export function ladderLines(events: readonly LadderEvent[]): LadderLine[] {
  const lines: LadderLine[] = []
  const first: string[] = []
  for (const event of events) {
    const last = lines.at(-1)
    if (last !== undefined && event.group !== undefined && same(last, event)) {
      last.count += 1
      last.label = `${first.at(-1)} … ${event.label} (${last.count})`
    } else {
      lines.push({ ...event, count: 1 })
      first.push(event.label)
    }
  }
  return shortened(lines)
}

/** The sequence diagram as one SVG element. Its classes are coloured by the page that it stands in. */
export function drawLadder(events: readonly LadderEvent[], title: string): string {
  const lines = ladderLines(events)
  const start = lines[0]?.at ?? 0
  const height = top + lines.length * step + 24
  const bottom = height - 12
  return [
    `<svg class="ladder" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="ladder-title ladder-description" xmlns="http://www.w3.org/2000/svg">`,
    `<title id="ladder-title">${escapeHtml(title)}</title>`,
    `<desc id="ladder-description">${lines.length} lines, from top to bottom in the order of time; the list below says the same in words.</desc>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
    ...linkBands(lines),
    `<line class="life" x1="${clientX}" y1="${top - 18}" x2="${clientX}" y2="${bottom}"/>`,
    `<line class="life" x1="${serverX}" y1="${top - 18}" x2="${serverX}" y2="${bottom}"/>`,
    `<text class="who" x="${clientX}" y="24" text-anchor="middle">client</text>`,
    `<text class="who" x="${serverX}" y="24" text-anchor="middle">server</text>`,
    ...lines.map((line, index) => drawLine(line, yOf(index), line.at - start)),
    '</svg>',
  ].join('\n')
}

/** The same in words, for those who do not see the drawing. */
export function ladderSentences(events: readonly LadderEvent[]): string[] {
  const lines = ladderLines(events)
  const start = lines[0]?.at ?? 0
  return lines.map((line) => {
    const when = `${formatAt(line.at - start)} ms`
    return line.kind === 'envelope'
      ? `${when}: ${line.from} to ${other(line.from)}: ${line.label}`
      : `${when}: ${line.label}`
  })
}

function same(line: LadderLine, event: LadderEvent): boolean {
  return (
    line.kind === event.kind &&
    line.group === event.group &&
    line.from === event.from &&
    line.link === event.link
  )
}

function shortened(lines: LadderLine[]): LadderLine[] {
  if (lines.length <= linesMax) return lines
  const left = lines.slice(0, linesMax / 2)
  const right = lines.slice(lines.length - (linesMax / 2 - 1))
  const between = lines[linesMax / 2] as LadderLine
  const omitted = lines.length - left.length - right.length
  const label = `${omitted} lines like these are left out`
  const note: LadderLine = {
    at: between.at,
    kind: 'note',
    from: 'client',
    link: between.link,
    label,
    count: 1,
  }
  return [...left, note, ...right]
}

/** One band behind the arrows of each connection, so that the eye sees where one ends and the next begins. */
function linkBands(lines: readonly LadderLine[]): string[] {
  const links = [...new Set(lines.map(({ link }) => link))]
  return links.map((link, order) => {
    const indices = lines.flatMap((line, index) => (line.link === link ? [index] : []))
    const from = yOf(indices[0] ?? 0) - step / 2
    const to = yOf(indices.at(-1) ?? 0) + step / 2
    return `<rect class="band band-${order % 2}" x="${clientX}" y="${from}" width="${serverX - clientX}" height="${to - from}"/>`
  })
}

function drawLine(line: LadderLine, y: number, at: number): string {
  const time = `<text class="time" x="${clientX - 16}" y="${y + 4}" text-anchor="end">${formatAt(at)} ms</text>`
  const middle = (clientX + serverX) / 2
  const label = escapeHtml(line.label)
  if (line.kind === 'envelope') {
    const [x1, x2] = line.from === 'client' ? [clientX, serverX - 2] : [serverX, clientX + 2]
    return [
      time,
      `<line class="arrow from-${line.from}" x1="${x1}" y1="${y}" x2="${x2}" y2="${y + fall}" marker-end="url(#head)"/>`,
      `<text class="label" x="${middle}" y="${y - 2}" text-anchor="middle">${label}</text>`,
    ].join('\n')
  }
  if (line.kind === 'note')
    return `${time}\n<text class="label note" x="${middle}" y="${y + 4}" text-anchor="middle">${label}</text>`
  const name = line.cut ? 'link-cut' : line.kind
  return [
    time,
    `<line class="${name}" x1="${clientX}" y1="${y + 6}" x2="${serverX}" y2="${y + 6}"/>`,
    `<text class="label ${name}-label" x="${middle}" y="${y}" text-anchor="middle">${label}</text>`,
  ].join('\n')
}

function yOf(index: number): number {
  return top + index * step + step / 2
}

function formatAt(ms: number): string {
  return ms.toFixed(1)
}

function other(side: 'client' | 'server'): string {
  return side === 'client' ? 'server' : 'client'
}
