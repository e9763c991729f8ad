import { describe, expect, it } from 'vitest'
import { allCells } from '../matrix.ts'
import { helpText, parseOptions } from '../options.ts'
import { slices } from '../slices.ts'

function message(...args: string[]): string {
  const parsed = parseOptions(args)
  if (parsed.kind !== 'error') throw new Error(`expected a mistake, got ${parsed.kind}`)
  return parsed.message
}

function options(...args: string[]) {
  const parsed = parseOptions(args)
  if (parsed.kind !== 'run') throw new Error(`expected options, got ${JSON.stringify(parsed)}`)
  return parsed.options
}

describe('the command line of the race', () => {
  it('plays the whole matrix when nothing is asked for', () => {
    expect(options()).toEqual({
      rounds: 50,
      cells: allCells(),
      lanes: 3,
      json: false,
      report: 'race-report.html',
    })
  })

  it('takes each option', () => {
    const given = options(
      '--n',
      '7',
      '--only',
      'ws/3KiB/close/quiet',
      '--lanes',
      '2',
      '--json',
      '--report=x.html',
    )
    expect(given).toMatchObject({ rounds: 7, lanes: 2, json: true, report: 'x.html' })
    expect(given.cells).toHaveLength(1)
  })

  it('takes the rounds of a slice unless it is told otherwise, and --only within it', () => {
    expect(options('--slice', 'ci').rounds).toBe(slices.ci?.rounds)
    expect(options('--slice', 'ci', '--n', '9').rounds).toBe(9)
    const part = options('--slice', 'ci', '--only', '*/*/kill').cells
    expect(part.length).toBeGreaterThan(0)
    expect(part.every(({ way }) => way === 'kill')).toBe(true)
    expect(message('--slice', 'ci', '--only', 'ws/3KiB/destroy')).toContain('no cell')
  })

  it('names what is wrong', () => {
    for (const bad of ['0', '-1', '1.5', 'many', '', '100001'])
      expect(message(`--n=${bad}`)).toContain(`'${bad}'`)
    expect(message('--lanes=9')).toContain("'9'")
    expect(message('--only', 'http')).toContain("'http'")
    expect(message('--slice', 'half')).toContain("'half'")
    expect(message('--report=')).toContain('--report')
    expect(message('--fast')).toContain('--fast')
    expect(message('fast')).toContain('fast')
  })

  it('prints its help before it looks at anything else', () => {
    expect(parseOptions(['--help', '--n', '0'])).toEqual({ kind: 'help', text: helpText() })
  })
})
