import { alignmentWords, isTimeOfDay } from './alignment.ts'
import type { EnvelopeView } from './envelope-view.ts'
import { plainText } from './plain-text.ts'
import type { SideTrace } from './side-trace.ts'
import { type FrameRow, otherSide, type Row, type Story } from './story.ts'
import type { Traces } from './traces.ts'

/** What the readers of a trace could not take, and where. */
export interface ReadingNotes {
  /** The files, by name. */
  files: string[]
  /** Lines that were skipped. */
  skipped: number
  /** Of those, the first ones, as `trace.jsonl:17: is not JSON`. */
  examples: string[]
}

/** What has to be known before a session is looked at. */
export function cautions(traces: Traces, { skipped, examples }: ReadingNotes): string[] {
  const words: string[] = []
  const { droppedLines, others, unnamedLines } = traces
  if (skipped > 0) {
    const more = skipped > examples.length ? ' and others' : ''
    words.push(
      `${counted(skipped, 'line')} could not be read and ${skipped === 1 ? 'is' : 'are'} left out (${examples.join('; ')}${more}).`,
    )
  }
  if (droppedLines > 0) {
    words.push(
      `${counted(droppedLines, 'line')} never got into the files: what recorded them had no room, or its disk failed.`,
    )
  }
  if (skipped > 0 || droppedLines > 0) {
    words.push(
      'Where such a line is missing, an envelope may seem not to have arrived, and times may be off.',
    )
  }
  if (others.size > 0) {
    const some = [...others]
      .slice(0, namedMax)
      .map(([sid, count]) => `${plainText(sid, 80)} (${counted(count, 'line')})`)
    const more = others.size > namedMax || unnamedLines > 0 ? ' and more' : ''
    words.push(
      `${others.size}${unnamedLines > 0 ? ' or more' : ''} further ${others.size === 1 ? 'session is' : 'sessions are'} not drawn; choose one with --session: ${some.join(', ')}${more}.`,
    )
  }
  return words
}

/** What a session was like, as pairs of a name and a value. */
export function facts(story: Story): Array<[string, string]> {
  const { client, server, start, end } = story
  const sides = [client && 'client', server && 'server'].filter(Boolean).join(' and ')
  const list: Array<[string, string]> = [
    ['Traced by', sides],
    ['End', howItEnded(story)],
    [
      'Time',
      `${formatMs(end - start)}${isTimeOfDay(start) ? `, from ${new Date(start).toISOString()}` : ''}`,
    ],
    ['Links', `${Math.max(client?.counts.links ?? 0, server?.counts.links ?? 0)}`],
    ['Client to server', wayWords(client, server)],
    ['Server to client', wayWords(server, client)],
  ]
  if (client !== undefined && server !== undefined) {
    list.push([
      'Not arrived',
      story.missing === 0
        ? 'none'
        : `${counted(story.missing, 'envelope')}: sent, and not in the trace of the other side`,
    ])
  }
  const replays = (client?.counts.replays ?? 0) + (server?.counts.replays ?? 0)
  const duplicates = (client?.counts.duplicates ?? 0) + (server?.counts.duplicates ?? 0)
  list.push(['Sent again', `${replays}; received again and dropped: ${duplicates}`])
  const garbage = (client?.counts.garbage ?? 0) + (server?.counts.garbage ?? 0)
  if (garbage > 0) list.push(['Not understood', counted(garbage, 'frame')])
  return list
}

/** How the clocks were aligned, and what is wrong with them. */
export function clockNotes({ client, server, alignment }: Story): string[] {
  const notes = alignment === undefined ? [] : [alignmentWords(alignment)]
  const jumps = (client?.clockJumps ?? 0) + (server?.clockJumps ?? 0)
  if (jumps > 0) {
    notes.push(
      'A clock goes back in this trace, as it does where another process goes on with a session: what follows is drawn in its order, and its times are not to be trusted.',
    )
  }
  return notes
}

export function linkWords({ side, link, end }: Extract<Row, { kind: 'link' }>): string {
  const whose = `link ${link} of the ${side}`
  if (end === undefined) return `${whose} is open`
  const how = end.clean ? 'is closed' : 'is lost'
  const reason = end.reason === '' ? '' : `, “${plainText(end.reason, reasonCharsMax)}”`
  // That it was lost is said already.
  const failure =
    end.failure === undefined || end.failure === 'lost' ? '' : `, ${plainText(end.failure, reasonCharsMax)}`
  return `${whose} ${how}: ${end.code}${reason}${failure}`
}

export function leftOutWords({ side, count }: Extract<Row, { kind: 'left-out' }>): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'} of the ${side}’s trace ${count === 1 ? 'is' : 'are'} left out here; draw more with --rows`
}

/** What there is to say of a frame besides its envelopes. */
export function frameWords(row: FrameRow): string[] {
  const words = [`link ${row.link}`, `${row.bytes} bytes`]
  if (row.tookMs !== undefined) words.push(`took ${formatMs(row.tookMs)}`)
  return words
}

export function missingWords({ from }: FrameRow): string {
  return `not in the trace of the ${otherSide(from)}`
}

/** A frame of many envelopes in one line. */
export function batchWords({ count, first, last }: FrameRow): string {
  const views = [...first, ...last]
  const kinds = new Set(views.flatMap((view) => [view.t, markWords(view) ?? view.t]))
  const beginning = first[0]?.words ?? ''
  const end = (last.at(-1) ?? first.at(-1))?.words ?? ''
  return `${count} envelopes in one frame: ${beginning} … ${end} (${[...kinds].join(', ')})`
}

export function markWords({ mark }: EnvelopeView): string | undefined {
  if (mark === undefined) return undefined
  return mark === 'replay' ? 'sent again' : 'received again, dropped'
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Ms, with as many digits as mean something to a reader. */
export function formatMs(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(3)} s` : `${ms.toFixed(3)} ms`
}

const namedMax = 20
const reasonCharsMax = 200

function howItEnded({ client, server }: Story): string {
  const sides = [client, server].filter((side) => side !== undefined)
  const reset = sides.find((side) => side.reset !== undefined)?.reset
  if (reset !== undefined) return `reset: ${plainText(reset, reasonCharsMax)}`
  if (sides.some((side) => side.finished('in') && side.finished('out'))) {
    return 'closed: both sides have said that nothing follows, and everything is acknowledged'
  }
  return 'not over when the trace ends'
}

/** By its sender, or by its receiver if only that is known. */
function wayWords(sender: SideTrace | undefined, receiver: SideTrace | undefined): string {
  const envelopes = sender?.counts.envelopes.out ?? receiver?.counts.envelopes.in ?? 0
  const bytes = sender?.counts.bytes.out ?? receiver?.counts.bytes.in ?? 0
  return `${counted(envelopes, 'envelope')}, ${bytes} bytes`
}
