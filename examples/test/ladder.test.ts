import { describe, expect, it } from 'vitest'
import { drawLadder, ladderLines, ladderSentences } from '../demo/ladder.ts'
import type { LadderEvent } from '../demo/ladder-event.ts'
import { type TraceRecord, traceToLadder } from '../demo/lastword-trace.ts'
import { renderReport } from '../demo/report-html.ts'

function envelope(
  at: number,
  from: 'client' | 'server',
  label: string,
  group?: string,
  link = 1,
): LadderEvent {
  return { at, kind: 'envelope', from, label, link, ...(group === undefined ? {} : { group }) }
}

const round: LadderEvent[] = [
  { at: 100, kind: 'link-opened', from: 'client', label: 'connection 1 opened', link: 1 },
  envelope(101, 'client', 'msg 1: offer'),
  envelope(105, 'server', 'msg 1: candidate', 'candidate'),
  envelope(106, 'server', 'msg 2: candidate', 'candidate'),
  envelope(107, 'server', 'msg 3: candidate', 'candidate'),
  { at: 110, kind: 'link-ended', from: 'client', label: 'connection 1 was cut', link: 1, cut: true },
  envelope(140, 'server', 'msg 4: candidate', 'candidate', 2),
  envelope(141, 'server', 'msg 5: the reply', undefined, 2),
]

describe('the lines of the diagram', () => {
  it('draw neighbours of one group as one, but never across a lost connection', () => {
    expect(ladderLines(round).map(({ label, count }) => [label, count])).toEqual([
      ['connection 1 opened', 1],
      ['msg 1: offer', 1],
      ['msg 1: candidate … msg 3: candidate (3)', 3],
      ['connection 1 was cut', 1],
      ['msg 4: candidate', 1],
      ['msg 5: the reply', 1],
    ])
  })

  it('draw the same envelope twice if it went over two connections', () => {
    const twice = [envelope(1, 'server', 'ack 1', 'ack', 1), envelope(2, 'server', 'ack 1', 'ack', 2)]
    expect(ladderLines(twice)).toHaveLength(2)
  })

  it('leave out the middle of a diagram that nobody would read, and say so', () => {
    const long = Array.from({ length: 300 }, (_, index) =>
      envelope(index, index % 2 ? 'client' : 'server', `m${index}`),
    )
    const lines = ladderLines(long)
    expect(lines).toHaveLength(48)
    expect(lines[0]?.label).toBe('m0')
    expect(lines.at(-1)?.label).toBe('m299')
    expect(lines[24]).toMatchObject({ kind: 'note', label: '253 lines like these are left out' })
  })

  it('can be read as sentences, with times from the first one', () => {
    expect(ladderSentences(round).slice(0, 2)).toEqual([
      '0.0 ms: connection 1 opened',
      '1.0 ms: client to server: msg 1: offer',
    ])
  })
})

describe('the drawing', () => {
  const svg = drawLadder(round, 'A round')

  it('has an arrow for each line that is an envelope, from its sender to the other side', () => {
    expect(svg.match(/class="arrow from-client"/g)).toHaveLength(1)
    expect(svg.match(/class="arrow from-server"/g)).toHaveLength(3)
    expect(svg).toMatch(/from-client" x1="190" y1="\d+" x2="608"/)
    expect(svg).toMatch(/from-server" x1="610" y1="\d+" x2="192"/)
  })

  it('marks where a connection was cut, and gives each connection a band', () => {
    expect(svg.match(/class="link-cut"/g)).toHaveLength(1)
    expect(svg.match(/<rect class="band/g)).toHaveLength(2)
  })

  it('goes down with time and stays inside its picture', () => {
    const height = Number(/viewBox="0 0 720 (\d+)"/.exec(svg)?.[1])
    const ys = [...svg.matchAll(/class="time" x="\d+" y="([\d.]+)"/g)].map((match) => Number(match[1]))
    expect(ys).toHaveLength(6)
    expect([...ys].sort((a, b) => a - b)).toEqual(ys)
    expect(Math.max(...ys)).toBeLessThan(height)
  })

  it('shows text as text', () => {
    const drawn = drawLadder([envelope(0, 'client', '<script>"&')], '<title>')
    expect(drawn).toContain('&lt;script&gt;&quot;&amp;')
    expect(drawn).not.toContain('<script>')
  })
})

describe('the trace of a session', () => {
  it('becomes lines of the diagram', () => {
    const events: LadderEvent[] = []
    const take = traceToLadder((event) => events.push(event))
    const records: TraceRecord[] = [
      { at: 1, link: 1, type: 'link-opened' },
      { at: 2, link: 1, dir: 'out', envelope: { t: 'hello', fresh: true, got: 0 } },
      { at: 2, link: 1, dir: 'out', envelope: { t: 'msg', seq: 1, ch: 'offer', ask: true } },
      { at: 3, link: 1, dir: 'in', envelope: { t: 'msg', seq: 1, ch: 'candidate' } },
      { at: 4, link: 1, type: 'link-ended', code: 1006, clean: false },
      { at: 5, link: 2, dir: 'out', envelope: { t: 'hello', fresh: false, got: 1 } },
      { at: 6, link: 2, dir: 'in', envelope: { t: 'welcome', resumed: true, got: 1 } },
      { at: 7, link: 2, dir: 'in', envelope: { t: 'msg', seq: 2, re: 'x' } },
      { at: 7, link: 2, dir: 'out', envelope: { t: 'ack', n: 2 } },
      { at: 8, link: 2, type: 'link-ended', code: 1000, clean: true },
    ]
    for (const record of records) take(record)
    expect(events.map(({ from, label, group }) => [from, label, group])).toEqual([
      ['client', 'connection 1 opened', undefined],
      ['client', 'hello, fresh', undefined],
      ['client', 'msg 1: offer, asks for a reply', undefined],
      ['server', 'msg 1: candidate', 'msg candidate'],
      ['client', 'connection 1 was cut', undefined],
      ['client', 'hello, resume, got 1', undefined],
      ['server', 'welcome, resumed, got 1', undefined],
      ['server', 'msg 2: the reply', undefined],
      ['client', 'ack 2', 'ack'],
      ['client', 'connection 2 closed with 1000', undefined],
    ])
  })
})

describe('the report', () => {
  const html = renderReport({ cells: [], ladder: round, platform: 'undici', seconds: 3, interrupted: false })

  it('asks for nothing from anywhere', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe)\b|@import|url\((?!#)/)
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
  })

  it('leaves the diagram out if nothing was traced', () => {
    expect(html).toContain('<svg')
    expect(
      renderReport({ cells: [], ladder: [], platform: '', seconds: 0, interrupted: true }),
    ).not.toContain('<svg')
  })
})
