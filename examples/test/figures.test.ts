import { describe, expect, it } from 'vitest'
import { type Cell, cellOf, formatPercent, lastwordLostNothing, percentile } from '../demo/figures.ts'
import { renderRemarks, renderTable } from '../demo/table.ts'

describe('percentile', () => {
  it('is the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index)
    expect(percentile(values, 50)).toBe(100)
    expect(percentile(values, 99)).toBe(198)
    expect(percentile([3, 1, 2], 50)).toBe(2)
    expect(percentile([5], 99)).toBe(5)
  })

  it('sorts numbers as numbers, and leaves its argument alone', () => {
    const values = [10, 9, 100]
    expect(percentile(values, 99)).toBe(100)
    expect(values).toEqual([10, 9, 100])
  })

  it('is nothing where there is nothing', () => {
    expect(percentile([], 50)).toBeNull()
  })
})

describe('a cell', () => {
  it('counts Answers, losses with their reasons, and data channels', () => {
    const cell = cellOf(1, 'lastword', [
      { latencyMs: 4, talked: true },
      { latencyMs: 8, talked: false, unclean: true },
      { lostBecause: 'closed with 1006' },
      { lostBecause: 'closed with 1006' },
    ])
    expect(cell).toEqual({
      row: 1,
      stack: 'lastword',
      rounds: 4,
      answers: 2,
      lostPercent: 50,
      medianMs: 4,
      p99Ms: 8,
      channelsTried: 2,
      channelsTalked: 1,
      uncleanCloses: 1,
      reasons: { 'closed with 1006': 2 },
    })
  })

  it('has no times without an Answer', () => {
    expect(cellOf(4, 'platform', [{ lostBecause: 'cut' }])).toMatchObject({
      lostPercent: 100,
      medianMs: null,
      p99Ms: null,
    })
  })
})

describe('the exit status', () => {
  const good = cellOf(1, 'lastword', [{ latencyMs: 1, talked: true }])

  it('is good only if lastword lost nothing in every row that was asked for', () => {
    expect(lastwordLostNothing([good], [1])).toBe(true)
    expect(lastwordLostNothing([good], [1, 2])).toBe(false)
    expect(lastwordLostNothing([good, cellOf(2, 'lastword', [{ latencyMs: 1 }, {}])], [1, 2])).toBe(false)
  })

  it('does not care what the bare stacks lost', () => {
    expect(lastwordLostNothing([cellOf(1, 'ws-close', [{}]), good], [1])).toBe(true)
  })

  it('is bad if a cell did not run, was given up, or a data channel stayed silent', () => {
    expect(lastwordLostNothing([cellOf(1, 'lastword', [])], [1])).toBe(false)
    expect(lastwordLostNothing([cellOf(1, 'lastword', [{ latencyMs: 1 }], 'ended')], [1])).toBe(false)
    expect(lastwordLostNothing([cellOf(1, 'lastword', [{ latencyMs: 1, talked: false }])], [1])).toBe(false)
  })
})

describe('the table', () => {
  const cells: Cell[] = [
    cellOf(1, 'ws-close', [{ latencyMs: 4.25 }, { latencyMs: 120 }, {}]),
    cellOf(1, 'lastword', [{ latencyMs: 3 }]),
    cellOf(4, 'ws-close', [{}]),
  ]

  it('has one line for each cell, with its row named once', () => {
    expect(renderTable(cells).split('\n')).toEqual([
      'row                 stack               rounds  Answers  lost %  median ms  p99 ms',
      '------------------  ------------------  ------  -------  ------  ---------  ------',
      '1 answer and close  ws, send + close()       3        2    33.3        4.3     120',
      '                    lastword                 1        1       0        3.0     3.0',
      '------------------  ------------------  ------  -------  ------  ---------  ------',
      '4 proxy resets      ws, send + close()       1        0     100          -       -',
    ])
  })

  it('rounds neither a loss nor an Answer away', () => {
    expect(formatPercent(0)).toBe('0')
    expect(formatPercent(0.001)).toBe('<0.1')
    expect(formatPercent(99.96)).toBe('>99.9')
  })

  it('says in words what it has no column for', () => {
    const remarks = renderRemarks([
      cellOf(1, 'platform', [{ latencyMs: 1, talked: false }]),
      cellOf(2, 'lastword', [{ lostBecause: 'no clean close' }], 'a process ended'),
      { ...cellOf(4, 'lastword', [{ latencyMs: 1, unclean: true }]), cuts: 0 },
    ])
    expect(remarks).toContain('0 of 1 data channels')
    expect(remarks).toContain('given up after 1 rounds: a process ended')
    expect(remarks).toContain('1 lost: no clean close')
    expect(remarks).toContain('1 closes were not clean')
    expect(remarks).toContain('reset only 0 of 1 rounds')
  })
})
