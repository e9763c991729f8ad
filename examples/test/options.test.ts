import { describe, expect, it } from 'vitest'
import { helpText, parseOptions, roundsDefault } from '../demo/options.ts'
import { rows } from '../demo/rows.ts'

function message(...args: string[]): string {
  const parsed = parseOptions(args)
  if (parsed.kind !== 'error') throw new Error(`expected a mistake, got ${JSON.stringify(parsed)}`)
  return parsed.message
}

describe('the command line of the demo', () => {
  it('runs every row when nothing is asked for', () => {
    expect(parseOptions([])).toEqual({
      kind: 'run',
      options: {
        rounds: roundsDefault,
        rows: rows.map(({ id }) => id),
        json: false,
        report: 'demo-report.html',
      },
    })
  })

  it('takes each option', () => {
    expect(parseOptions(['--rounds', '7', '--rows', '4,1,4', '--json', '--report=out.html'])).toEqual({
      kind: 'run',
      options: { rounds: 7, rows: [1, 4], json: true, report: 'out.html' },
    })
  })

  it('names what is wrong with a number of rounds', () => {
    for (const bad of ['0', '-1', '1.5', 'many', '', '1e3', '100001'])
      expect(message(`--rounds=${bad}`)).toContain(`'${bad}'`)
  })

  it('names what is wrong with a list of rows', () => {
    for (const bad of ['0', '8', '1,', 'all', '1;2']) expect(message(`--rows=${bad}`)).toContain(`'${bad}'`)
  })

  it('refuses options that it does not know, and words that are no options', () => {
    expect(message('--round', '3')).toContain('--round')
    expect(message('fast')).toContain('fast')
  })

  it('refuses a value that is missing', () => {
    expect(message('--rounds')).toContain('--rounds')
    expect(message('--report=')).toContain('--report')
  })

  it('prints its help before it looks at anything else', () => {
    expect(parseOptions(['--help', '--rounds', '0'])).toEqual({ kind: 'help', text: helpText() })
    for (const { what } of rows) expect(helpText()).toContain(what)
  })
})
