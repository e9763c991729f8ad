import { describe, expect, it } from 'vitest'
import { shadeOf } from '../heat-map.ts'
import { allCells, type Cell, cellNamed } from '../matrix.ts'
import { type RoundOutcome, tallyOf } from '../outcome.ts'
import { renderReport } from '../report-html.ts'
import { renderBroken, renderSummary, renderTable } from '../table.ts'
import { brokenPromises, type CellResult, networkDelivers } from '../verdict.ts'

function cell(name: string): Cell {
  const found = cellNamed(name)
  if (found === undefined) throw new Error(`no cell ${name}`)
  return found
}

function rounds(count: number, outcome: Partial<RoundOutcome> = {}): RoundOutcome[] {
  return Array.from({ length: count }, (_, round) => ({ round, delivered: true, ...outcome }))
}

const fine = tallyOf(rounds(4))
const lossy = tallyOf([...rounds(3), ...rounds(1, { delivered: false, why: 'closed with 1006' })])
const lying = tallyOf([...rounds(3), ...rounds(1, { falseReport: 'a clean close' })])

function result(name: string, tallies: CellResult['tallies']): CellResult {
  return { cell: cell(name), tallies }
}

describe('the figures of a cell', () => {
  it('count an honest "unknown" apart from a loss', () => {
    const tally = tallyOf([...rounds(2), ...rounds(3, { delivered: false, honest: true, why: 'gone' })], 5)
    expect(tally).toMatchObject({ rounds: 5, lost: 0, honest: 3, falseReports: 0, cuts: 5, reasons: {} })
  })

  it('count a reason once, whichever message it names', () => {
    const lost = ['HVU9z0a7lC.1', 'UdfCA1-CDS.12'].map((id) => ({
      round: 1,
      delivered: false,
      why: `no reply to ${id}`,
    }))
    expect(tallyOf(lost).reasons).toEqual({ 'no reply to N': 2 })
  })

  it('give the reasons, and the trace of the first round that went wrong', () => {
    const trace = [{ at: 1, sid: 's', side: 'client', type: 'link-opened', link: 1 } as const]
    const tally = tallyOf(rounds(2, { delivered: false, why: 'closed with 1006', trace }))
    expect(tally).toMatchObject({ lost: 2, reasons: { 'closed with 1006': 2 }, trace })
  })
})

describe('the verdict', () => {
  it('is broken by an answer that lastword lost, a false report, and a cell that was given up', () => {
    const name = 'wss/1MiB/terminate/reset-mid'
    const given = { ...fine, failure: 'the client ended' }
    for (const lastword of [lossy, lying, given])
      expect(brokenPromises([result(name, { lastword })])).toHaveLength(1)
    expect(brokenPromises([result(name, { bare: lossy, lastword: fine })])).toEqual([])
  })

  it('holds closeAfterPong to its promise only where the network delivers', () => {
    const broken = (name: string) => brokenPromises([result(name, { pong: lossy, lastword: fine })]).length
    expect(broken('ws/3KiB/close/trickle')).toBe(1)
    expect(broken('ws/3KiB/close/truncate')).toBe(0)
    expect(broken('ws/3KiB/exit/reset-after')).toBe(0)
  })

  it('knows where the network delivers', () => {
    const kept = new Set(
      allCells()
        .filter(networkDelivers)
        .map(({ condition }) => condition),
    )
    expect([...kept]).toEqual(['quiet', 'upload', 'blocked', 'paused', 'half-close-client', 'trickle'])
    expect(allCells().some((one) => one.way === 'kill' && networkDelivers(one))).toBe(false)
  })
})

describe('what is shown', () => {
  const results = [
    result('ws/3KiB/close/quiet', { bare: fine, pong: fine, lastword: fine }),
    result('ws/3KiB/terminate/quiet', { bare: lossy, lastword: lossy }),
    result('wss/1MiB/close/truncate', { bare: lossy, pong: lossy, lastword: lying }),
  ]

  it('has the losses of every cell in the table, stack beside stack', () => {
    const table = renderTable(results)
    expect(table).toMatch(/ws\/3KiB quiet +0 0 0 +1 - 1/)
    expect(table).toMatch(/wss\/1MiB truncate +1 1 0!/)
    expect(renderSummary(results)).toMatch(/all +2 of 12 +1 of 8 +1 of 12/)
  })

  it('tells how to play a broken cell again', () => {
    const text = renderBroken(results)
    expect(text).toContain('npm run race -- --only ws/3KiB/terminate/quiet')
    expect(text).toContain('1: closed with 1006')
    expect(text).toContain('false report: a clean close')
  })

  it('has tables with heads for rows and columns in the report, and figures beside every colour', () => {
    const html = renderReport({ results, rounds: 4, seconds: 1, interrupted: false })
    expect(html).toContain('<th scope="row">quiet</th>')
    expect(html).toContain('scope="colgroup"')
    expect(html).toContain('<details><summary>ws/3KiB</summary>')
    expect(html).toMatch(/<td class="l2 start" title="bare ws: 1 of 4 lost">25<\/td>/)
    expect(html).not.toMatch(/<script|https?:\/\//)
    for (const [tag] of html.matchAll(/<td class="l\d[^>]*>(?=<)/g))
      throw new Error(`no figure behind ${tag}`)
  })

  it('escapes what a reason says', () => {
    const lost = tallyOf(rounds(1, { delivered: false, why: '<i>&' }))
    const html = renderReport({
      results: [result('ws/3KiB/close/quiet', { lastword: lost })],
      rounds: 1,
      seconds: 1,
      interrupted: true,
    })
    expect(html).toContain('&lt;i&gt;&amp;')
    expect(html).not.toContain('<i>&')
  })

  it('rounds no loss to nothing, and nothing to a total loss', () => {
    expect(shadeOf(0, 1000)).toEqual({ text: '0', level: 0 })
    expect(shadeOf(1, 1000)).toEqual({ text: '<1', level: 1 })
    expect(shadeOf(999, 1000)).toEqual({ text: '>99', level: 4 })
    expect(shadeOf(20, 20)).toEqual({ text: '100', level: 4 })
  })
})
