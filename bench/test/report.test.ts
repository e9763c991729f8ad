import { describe, expect, it } from 'vitest'
import { targetsOf } from '../harness/targets.ts'
import { renderHtml } from '../report/html.ts'
import { jsonOf } from '../report/json.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { shown, withSpread } from '../report/numbers.ts'
import type { RunReport } from '../report/run-report.ts'
import { renderText, workloadRows } from '../report/tables.ts'
import { ticksTo } from '../report/ticks.ts'
import { sampleResult } from './sample-case.ts'

function report(results = [sampleResult()]): RunReport {
  return {
    startedAt: '2026-01-02T03:04:05.678Z',
    seconds: 61,
    quick: true,
    interrupted: false,
    machine: { cpu: 'a <small> one', cores: 2, memoryGib: 4, system: 'linux', node: '20.0.0' },
    versions: { ws: '8.0.0' },
    targets: results.flatMap(targetsOf),
    results,
  }
}

describe('a number', () => {
  it('is shown with three digits that count', () => {
    expect([0, 0.9999, 0.01234, 0.5, 1.239, 12.34, 123.4, 1234.5, 113_456, -4.567].map(shown)).toEqual([
      '0',
      '1.00',
      '0.0123',
      '0.500',
      '1.24',
      '12.3',
      '123',
      '1,230',
      '113,000',
      '-4.57',
    ])
    expect(shown(Number.NaN)).toBe('–')
  })

  it('is shown with its spread where there is one, or as missing', () => {
    expect(withSpread({ median: 4, least: 3.5, greatest: 12, rounds: 3 })).toBe('4.00 (3.50–12.0)')
    expect(withSpread({ median: 1, least: 0.9999, greatest: 1.0001, rounds: 3 })).toBe('1.00')
    expect(withSpread(undefined)).toBe('–')
  })

  it('on an axis is round, and the axis reaches the greatest', () => {
    expect(ticksTo(1.7)).toEqual([0, 0.5, 1, 1.5, 2])
    expect(ticksTo(950_000)).toEqual([0, 500_000, 1_000_000])
    expect(ticksTo(0.0003)).toEqual([0, 0.0001, 0.0002, 0.0003])
    expect(ticksTo(0)).toEqual([0, 1])
  })
})

describe('the tables', () => {
  it('have a row for each contender, with its figures and its ratios within the rounds', () => {
    const [workload] = sampleResult().workloads
    expect(workload && workloadRows(workload)).toEqual([
      ['', 'messages, 1/s', '× ws', 'p50, ms', '× ws'],
      ['the ws', '200 (100–400)', '1.00', '1.00', '1.00'],
      ['the lastword', '300 (300–600)', '1.50 (1.50–3.00)', '2.00 (1.00–3.00)', '2.00 (1.00–3.00)'],
    ])
  })

  it('for a terminal leave out what is not plotted, and the spread of ratios', () => {
    const [workload] = sampleResult().workloads
    expect(workload && workloadRows(workload, true)).toEqual([
      ['', 'messages, 1/s', '× ws'],
      ['the ws', '200 (100–400)', '1.00'],
      ['the lastword', '300 (300–600)', '1.50'],
    ])
  })

  it('say who failed and why, and what could not be measured at all', () => {
    const result = sampleResult()
    const [workload] = result.workloads
    if (workload === undefined) throw new Error('there is a workload')
    const [first] = workload.contenders
    if (first !== undefined) Object.assign(first, { samples: [], failure: 'out of breath' })
    result.workloads.push({ ...workload, contenders: [], notes: [], failure: 'no port is free' })
    const text = renderText([result], targetsOf(result))
    expect(text).toContain('the ws (failed: out of breath)')
    expect(text).toContain('could not be measured: no port is free')
    expect(text).toContain('not measured')
    expect(renderHtml(report([result]))).toContain('no port is free')
    expect(renderMarkdown(report([result]))).toContain('no port is free')
  })

  it('as text stand in columns, with the rounds, the notes and the targets', () => {
    const text = renderText([sampleResult()], targetsOf(sampleResult()))
    expect(text).toContain('median of 3 rounds')
    expect(text).toContain('Note: measured by candle-light')
    const rows = text.split('\n').filter((line) => line.startsWith('the '))
    expect(new Set(rows.map((row) => row.search(/\d/))).size).toBe(1)
    expect(text).toMatch(/1 small: lastword, messages ≥ 2 × ws +1\.50 \(1\.50–3\.00\) +not met/)
  })

  it('as Markdown have as many fields in each row', () => {
    const tables = renderMarkdown(report()).split('\n\n')
    const rows = tables.filter((part) => part.startsWith('|')).map((part) => part.split('\n'))
    expect(rows).toHaveLength(3)
    for (const table of rows) expect(new Set(table.map((row) => row.split('|').length)).size).toBe(1)
  })
})

describe('the JSON', () => {
  it('holds figures, ratios, every sample and the targets, and survives being read again', () => {
    const json = JSON.parse(JSON.stringify(jsonOf(report())))
    expect(json).toMatchObject({ quick: true, interrupted: false, versions: { ws: '8.0.0' } })
    expect(json.cases[0].workloads[0].contenders[1]).toMatchObject({
      id: 'lastword',
      figures: { perSecond: { median: 300, least: 300, greatest: 600, rounds: 3 } },
      ratios: { perSecond: { median: 1.5 }, p50Ms: { median: 2 } },
      samples: [{ perSecond: 300 }, { perSecond: 300 }, { perSecond: 600 }],
    })
    expect(json.targets[0]).toMatchObject({
      case: 1,
      name: 'small: lastword, messages ≥ 2 × ws',
      atLeast: 2,
      figure: { median: 1.5 },
      met: false,
    })
  })
})

describe('the page', () => {
  const html = renderHtml(report())

  it('needs nothing from anywhere', () => {
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|url\(|@import|https?:/)
  })

  it('has no text that would be taken for markup', () => {
    expect(html).toContain('The &lt;first&gt; case')
    expect(html).toContain('a &lt;small&gt; one')
    expect(html).not.toContain('<first>')
  })

  it('plots what is to be plotted, each with its unit, a bar and a line for its spread', () => {
    // p50 stands in the table alone.
    expect(html.match(/<svg/g)).toHaveLength(1)
    expect(html).toContain('messages (1/s), more is better')
    // From 0 to 600 on 384 pixels: 300 ends at 200, its rounds reach from 200 to 392.
    const [, ours = ''] = html.split('<g class="ours">')
    expect(ours).toContain('<rect class="bar" x="8"')
    expect(ours).toMatch(/<rect [^>]*width="192"/)
    expect(ours).toContain('d="M200 ')
    expect(ours).toContain('H392M')
  })

  it('says so when a run was interrupted', () => {
    expect(html).not.toContain('interrupted')
    expect(renderHtml({ ...report(), interrupted: true })).toContain('interrupted')
  })
})
