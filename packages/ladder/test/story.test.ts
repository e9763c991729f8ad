import type { TraceEvent } from '@lastword/sdk'
import { expect, test } from 'vitest'
import { drawPage, drawText, type Row, type Story, type TraceLine, tellStory } from '../src/index.ts'
import { ack, hello, msg, tracesOf, Writer } from './lines.ts'

const notes = { files: ['t.jsonl'], skipped: 0, examples: [] }

function storyOf(...writers: Writer[]): Story {
  const [session] = tracesOf(writers.flatMap(({ lines }) => lines)).sessions
  if (session === undefined) throw new Error('no session')
  return tellStory(session)
}

function wordsOf(row: Row): string {
  if (row.kind === 'link')
    return `${row.side} link ${row.link} ${row.end === undefined ? 'open' : row.end.code}`
  if (row.kind === 'left-out') return `${row.count} left out`
  const how = row.missing ? 'missing' : row.seenBy
  return `${row.from}: ${row.first.map(({ words }) => words).join(' + ')} (${how})`
}

/** The client's clock begins at 0, the server's at 1000; to the server it takes 4 ms, back 2 ms. */
function conversation(): [Writer, Writer] {
  const client = new Writer('client')
    .frame(0, 'out', [hello(), msg(1)])
    .opened(1)
    .frame(12, 'in', [{ t: 'welcome' }, ack(1), msg(1)])
    .frame(20, 'out', [ack(1)])
    .frame(30, 'out', [msg(2)])
    .ended(40, 1, 1006)
  const server = new Writer('server')
    .opened(1004)
    .frame(1004, 'in', [hello(), msg(1)])
    .frame(1010, 'out', [{ t: 'welcome' }, ack(1), msg(1)])
    .frame(1024, 'in', [ack(1)])
    .ended(1035, 1, 1006)
  return [client, server]
}

test('what a session traces is a line of a trace', () => {
  const take = (event: TraceEvent): TraceLine => event
  expect(take).toBeTypeOf('function')
})

test('both sides become one conversation: each frame once, in order, and what never arrived is marked', () => {
  const story = storyOf(...conversation())
  expect(story.rows.map(wordsOf)).toEqual([
    'client: hello, fresh + msg 1 n (both)',
    'client link 1 open',
    'server link 1 open',
    'server: welcome + ack 1 + msg 1 n (both)',
    'client: ack 1 (both)',
    'client: msg 2 n (missing)',
    'server link 1 1006',
    'client link 1 1006',
  ])
  expect(story.missing).toBe(1)
})

test('clocks are aligned by frames that both sides saw, and the page says how well', () => {
  const story = storyOf(...conversation())
  // To the server at most 1004, from the server at least 998: in the middle, 3 ms either way.
  expect(story.alignment).toEqual({ offsetMs: 1001, by: 'both', frames: 3, slackMs: 3 })
  const took = story.rows.flatMap((row) =>
    row.kind === 'frame' && row.tookMs !== undefined ? [row.tookMs] : [],
  )
  expect(took).toEqual([3, 3, 3])
  const page = [...drawPage(tracesOf(conversation().flatMap(({ lines }) => lines)), notes, 't')].join('')
  expect(page).toContain('1001.000 ms ahead of the client’s')
  expect(page).toContain('by 3 frames that both sides saw that is right to within 3.000 ms')
})

test('frames that went one way only, or none, leave less to know, and that is said', () => {
  const oneWay = storyOf(
    new Writer('client').frame(0, 'out', [hello()]),
    new Writer('server').frame(1004, 'in', [hello()]),
  )
  expect(oneWay.alignment).toMatchObject({ offsetMs: 1004, by: 'one', slackMs: undefined })
  const none = storyOf(new Writer('client').frame(5, 'out', [hello()]), new Writer('server').opened(1004))
  expect(none.alignment).toMatchObject({ offsetMs: 999, by: 'first-line' })
  const day = 1.7e12
  const dated = storyOf(new Writer('client').opened(day), new Writer('server').opened(day + 7))
  expect(dated.alignment).toMatchObject({ offsetMs: 0, by: 'time-of-day' })
})

test('clocks that ran apart are told of, and no frame takes less than no time', () => {
  const client = new Writer('client').frame(0, 'out', [hello()]).frame(100, 'in', [{ t: 'welcome' }])
  const server = new Writer('server').frame(1000, 'in', [hello()]).frame(1110, 'out', [{ t: 'welcome' }])
  const story = storyOf(client, server)
  expect(story.alignment).toMatchObject({ offsetMs: 1005, slackMs: -5 })
  for (const row of story.rows) expect(row.kind === 'frame' && row.tookMs).toBe(0)
  expect([...drawText(tracesOf([...client.lines, ...server.lines]), notes, 't')].join('')).toContain(
    'ran apart by 10.000 ms',
  )
})

test('links are matched by what the hello calls them, whatever each side counts', () => {
  const client = new Writer('client')
    .ended(0, 1, 1006)
    .frame(1, 'out', [hello(2)], 2)
    .opened(2, 2)
  const server = new Writer('server')
    .opened(5, 1)
    .frame(5, 'in', [hello(2)], 1)
    .ended(9, 1)
  expect(storyOf(client, server).rows.map(wordsOf)).toEqual([
    'client link 1 1006',
    'client: hello, resumes, has received up to 0 (both)',
    'server link 2 open',
    'client link 2 open',
    'server link 2 1000',
  ])
})

test('with one side alone each envelope is drawn where that side saw it, and nothing counts as missing', () => {
  const [client] = conversation()
  const story = storyOf(client)
  expect(story.rows.map(wordsOf)).toEqual([
    'client: hello, fresh + msg 1 n (client)',
    'client link 1 open',
    'server: welcome + ack 1 + msg 1 n (client)',
    'client: ack 1 (client)',
    'client: msg 2 n (client)',
    'client link 1 1006',
  ])
  expect(story).toMatchObject({ missing: 0, alignment: undefined })
})

test('what is sent again and what is received again are marked, by whoever knows', () => {
  const client = new Writer('client')
    .frame(0, 'out', [hello(), msg(1)])
    .frame(9, 'out', [hello(2), msg(1), msg(2)], 2)
  const server = new Writer('server')
    .frame(1, 'in', [hello(), msg(1)])
    .frame(10, 'in', [hello(2), msg(1), msg(2)], 2)
  const marks = (story: Story) =>
    story.rows.map((row) => (row.kind === 'frame' ? row.first.map(({ mark }) => mark) : []))
  expect(marks(storyOf(client))).toEqual([
    [undefined, undefined],
    [undefined, 'replay', undefined],
  ])
  const both = storyOf(client, server)
  expect(marks(both)).toEqual([
    [undefined, undefined],
    [undefined, 'duplicate', undefined],
  ])
  expect(both.client?.counts.replays).toBe(1)
  expect(both.server?.counts.duplicates).toBe(1)
})

test('an ack names what it covers that no earlier one did', () => {
  const client = new Writer('client')
    .frame(0, 'out', [hello(), ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => msg(seq))])
    .frame(1, 'in', [ack(2)])
    .frame(2, 'in', [ack(2, [[4, 5]])])
    .frame(3, 'in', [ack(9)])
    .frame(4, 'in', [ack(9)])
    .frame(5, 'in', [ack(2 ** 52)])
  const handled = storyOf(client).rows.flatMap((row) =>
    row.kind === 'frame' ? row.first.flatMap(({ handles }) => handles ?? []) : [],
  )
  expect(handled).toEqual(['1 to 2 n', '4 to 5 n', '3 n, 6 to 9 n', 'nothing new', `10 to ${2 ** 52}`])
})

test('a hole in one trace does not take the rest of the link apart', () => {
  const client = new Writer('client').frame(0, 'out', [hello()])
  const server = new Writer('server').frame(0, 'in', [hello()])
  for (let seq = 1; seq <= 20; seq++) {
    client.frame(seq, 'out', [msg(seq)])
    if (seq < 5 || seq > 8) server.frame(seq, 'in', [msg(seq)])
  }
  const rows = storyOf(client, server).rows
  expect(rows).toHaveLength(21)
  const alone = rows.flatMap((row) =>
    row.kind === 'frame' && row.seenBy !== 'both' ? row.first[0]?.words : [],
  )
  expect(alone).toEqual(['msg 5 n', 'msg 6 n', 'msg 7 n', 'msg 8 n'])
})

test('a frame that could not be understood is drawn, and known again by its place', () => {
  const client = new Writer('client').frame(0, 'out', [hello()]).frame(1, 'out', [msg(1)])
  const server = new Writer('server').frame(2, 'in', [hello()]).garbage(3, 'in')
  const rows = storyOf(client, server).rows
  expect(rows).toHaveLength(2)
  expect(rows[1]).toMatchObject({ garbage: true, seenBy: 'both', missing: false })
})

test('a process that goes on with a session counts its links and its time from the beginning', () => {
  const writer = new Writer('client')
    .frame(500, 'out', [hello(1)])
    .opened(501)
    .frame(502, 'out', [msg(1)])
  const again = new Writer('client').frame(3, 'out', [hello(2), msg(1)]).opened(4)
  const server = new Writer('server')
    .frame(700, 'in', [hello(1)])
    .frame(701, 'in', [msg(1)])
    .frame(800, 'in', [hello(2), msg(1)], 2)
  const story = storyOf(writer, again, server)
  expect(story.missing).toBe(0)
  expect(story.rows.filter((row) => row.kind === 'frame').map(wordsOf)).toEqual([
    'client: hello, fresh (both)',
    'client: msg 1 n (both)',
    'client: hello, resumes, has received up to 0 + msg 1 n (both)',
  ])
  expect(story.client?.clockJumps).toBe(1)
})

test('a long session keeps its ends and what happens to its links; the rest is counted and said to be left out', () => {
  const client = new Writer('client').frame(0, 'out', [hello()]).opened(1)
  for (let seq = 1; seq <= 5000; seq++) {
    if (seq === 2500)
      client
        .ended(seq, 1, 1006)
        .frame(seq, 'out', [hello(2)], 2)
        .opened(seq, 2)
    client.frame(seq, 'out', [msg(seq)], seq < 2500 ? 1 : 2)
  }
  const [session] = tracesOf(client.lines, { rowsMax: 100 }).sessions
  const story = tellStory(session as NonNullable<typeof session>)
  const words = story.rows.map(wordsOf)
  expect(words.length).toBeLessThan(160)
  for (const seen of ['client link 1 1006', 'client link 2 open', 'client: msg 1 n (client)']) {
    expect(words).toContain(seen)
  }
  expect(words.at(-1)).toBe('client: msg 5000 n (client)')
  const leftOut = story.rows.reduce((sum, row) => sum + (row.kind === 'left-out' ? row.count : 0), 0)
  const drawn = story.rows.filter((row) => row.kind !== 'left-out').length
  expect(leftOut + drawn).toBe(5005)
  expect(story.client?.counts.envelopes.out).toBe(5002)
})

test('a frame of very many envelopes shows its ends and says how many there are', () => {
  const client = new Writer('client').frame(
    0,
    'out',
    Array.from({ length: 1000 }, (_, index) => msg(index + 1)),
  )
  const page = [...drawPage(tracesOf(client.lines), notes, 't')].join('')
  expect(page).toContain('1000 envelopes in one frame: msg 1 n … msg 1000 n')
  expect(page).toContain('936 envelopes are left out here')
  expect(page.match(/<code>m\d+<\/code>/g)).toHaveLength(64)
})

test('sessions past the ones that are drawn are named and counted', () => {
  const lines = ['a', 'b', 'c'].flatMap((sid) => new Writer('client', sid).opened(0).ended(1).lines)
  const traces = tracesOf(lines, { sessionsMax: 1 })
  const page = [...drawPage(traces, notes, 't')].join('')
  expect(page).toContain(
    '2 further sessions are not drawn; choose one with --session: b (2 lines), c (2 lines).',
  )
})
