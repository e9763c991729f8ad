import { describe, expect, it } from 'vitest'
import { allCells, cellName, cellNamed, conditions, schemes, sizes, ways } from '../matrix.ts'
import { addressOf, planOf } from '../plan.ts'
import { selectCells } from '../select.ts'
import { slices } from '../slices.ts'
import { stacksOf } from '../stacks.ts'
import { waveOf } from '../waves.ts'

function names(...patterns: string[]): string[] {
  const cells = selectCells(patterns)
  if (typeof cells === 'string') throw new Error(cells)
  return cells.map(cellName)
}

describe('the matrix', () => {
  it('has one cell for each scheme, size, way and condition', () => {
    const all = allCells().map(cellName)
    expect(all).toHaveLength(schemes.length * sizes.length * ways.length * conditions.length)
    expect(new Set(all).size).toBe(all.length)
  })

  it('finds each cell by its name, and none by another one', () => {
    for (const cell of allCells()) expect(cellNamed(cellName(cell))).toEqual(cell)
    for (const name of ['', 'ws', 'ws/3KiB/close', 'ws/3KiB/close/quiet/more', 'WS/3KiB/close/quiet'])
      expect(cellNamed(name)).toBeUndefined()
  })

  it('lets closeAfterPong play only where the server ends politely', () => {
    for (const cell of allCells()) {
      const polite = ['close', 'exit', 'timeout'].includes(cell.way)
      expect(stacksOf(cell)).toEqual(polite ? ['bare', 'pong', 'lastword'] : ['bare', 'lastword'])
    }
  })

  it('brings a plan to the server by the address, and takes no other address for one', () => {
    for (const cell of allCells()) {
      const plan = { cell, stack: 'lastword', round: 7, batch: 5 } as const
      const { pathname, search } = new URL(addressOf(1234, plan))
      expect(planOf(pathname + search)).toEqual(plan)
    }
    expect(planOf('/?stack=bare')).toBeUndefined()
  })

  it('never lets a client that half-closes wait for others', () => {
    for (const cell of allCells()) {
      expect(waveOf(cell)).toBeGreaterThan(0)
      if (cell.condition === 'half-close-client' && cell.way === 'exit') expect(waveOf(cell)).toBe(1)
    }
  })
})

describe('--only', () => {
  it('takes names, commas, stars and parts that are left out', () => {
    expect(names('wss/1MiB/close/quiet')).toEqual(['wss/1MiB/close/quiet'])
    expect(names('wss/1MiB/close,end/quiet')).toEqual(['wss/1MiB/close/quiet', 'wss/1MiB/end/quiet'])
    expect(names('ws/3KiB/kill')).toHaveLength(conditions.length)
    expect(names('*/*/*/trickle')).toHaveLength(schemes.length * sizes.length * ways.length)
    expect(names('*')).toEqual(allCells().map(cellName))
  })

  it('takes a star inside a name, and the whole name only', () => {
    expect(names('ws/3KiB/close/reset-*')).toEqual([
      'ws/3KiB/close/reset-before',
      'ws/3KiB/close/reset-mid',
      'ws/3KiB/close/reset-after',
    ])
    expect(names('ws/3KiB/close/quiet')).toHaveLength(1)
    expect(selectCells(['w'])).toContain("'w'")
  })

  it('takes a cell once, whichever patterns take it', () => {
    expect(names('ws/3KiB/close/quiet', 'ws/3KiB/close/*')).toHaveLength(conditions.length)
  })

  it('says which part of a pattern is nothing', () => {
    expect(selectCells(['ws/2KiB'])).toContain("'2KiB' in 'ws/2KiB'")
    expect(selectCells(['ws/3KiB/close/quiet/x'])).toContain('more than 4 parts')
    expect(selectCells(['ws//close'])).toContain("''")
    expect(selectCells(['ws/3KiB/clo[s]e'])).toContain('none of')
  })

  it('finds something in every slice', () => {
    for (const { only } of Object.values(slices)) {
      for (const pattern of only) expect(names(pattern).length).toBeGreaterThan(0)
    }
  })
})
