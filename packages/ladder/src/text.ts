import type { EnvelopeView } from './envelope-view.ts'
import { plainText } from './plain-text.ts'
import { type FrameRow, type Row, tellStory } from './story.ts'
import {
  cautions,
  clockNotes,
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

/** The same as the page, line by line, for a terminal. */
export function* drawText(traces: Traces, notes: ReadingNotes, title: string): Iterable<string> {
  yield `${plainText(title, 200)}\n`
  for (const caution of cautions(traces, notes)) yield `! ${caution}\n`
  for (const session of traces.sessions) {
    const story = tellStory(session)
    yield `\nsession ${plainText(story.sid, 200)}\n`
    for (const [term, value] of facts(story)) yield `  ${`${term}:`.padEnd(18)} ${value}\n`
    for (const note of clockNotes(story)) yield `  ${note}\n`
    yield `\n${' '.repeat(timeWidth)}  client        server\n`
    for (const row of story.rows) yield* drawRow(row, row.at - story.start)
  }
}

function* drawRow(row: Row, at: number): Iterable<string> {
  const time = formatMs(at).padStart(timeWidth)
  switch (row.kind) {
    case 'link':
      yield `${time}  ${(row.end === undefined || row.end.clean ? rule : cutRule).padEnd(arrowWidth)}  ${linkWords(row)}\n`
      return
    case 'left-out':
      yield `${time}  ${'...'.padEnd(arrowWidth)}  ${leftOutWords(row)}\n`
      return
    case 'frame':
      yield* drawFrame(row, time)
  }
}

function* drawFrame(row: FrameRow, time: string): Iterable<string> {
  const about = `[${[...frameWords(row), ...(row.missing ? [missingWords(row)] : [])].join(', ')}]`
  const arrow = arrows[row.from][row.missing ? 'lost' : 'arrives']
  if (row.garbage) {
    yield `${time}  ${arrow}  a frame that could not be understood  ${about}\n`
    return
  }
  const leftOut = row.count - row.first.length - row.last.length
  const words = row.first.map(envelopeWords)
  if (leftOut > 0) words.push(`(${leftOut} envelopes are left out here)`)
  words.push(...row.last.map(envelopeWords))
  yield `${time}  ${arrow}  ${words[0] ?? ''}${words.length <= 1 ? `  ${about}` : ''}\n`
  const indent = ' '.repeat(timeWidth + arrowWidth + 4)
  for (const [index, more] of words.entries()) {
    if (index > 0) yield `${indent}+ ${more}${index === words.length - 1 ? `  ${about}` : ''}\n`
  }
}

function envelopeWords(view: EnvelopeView): string {
  const { words, id, handles, payload } = view
  const mark = markWords(view)
  const parts = [
    words,
    ...(id === undefined ? [] : [id]),
    ...(handles === undefined ? [] : [`(handled: ${handles})`]),
    ...(mark === undefined ? [] : [`[${mark}]`]),
    ...(payload === undefined ? [] : [plainText(payload, payloadCharsMax)]),
  ]
  return parts.join('  ')
}

/** The page shows more of it. */
const payloadCharsMax = 100
const timeWidth = 14
const arrowWidth = 20
const rule = '--------------------'
const cutRule = '-- -- -- ## -- -- --'

const arrows = {
  client: { arrives: '──────────────────▶ ', lost: '─────────────── ✕   ' },
  server: { arrives: ' ◀──────────────────', lost: '   ✕ ───────────────' },
}
