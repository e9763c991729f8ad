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

  it('serves the page where only this machine can reach it, at ports that the documents name', () => {
    expect(parseOptions(['--serve'])).toEqual({
      kind: 'serve',
      options: { port: 8443, host: '127.0.0.1', plainPort: 8080, withoutPeers: false },
    })
    const args = ['--serve', '--port', '0', '--host', '::1', '--plain-port', '65535', '--without-peers']
    expect(parseOptions(args)).toEqual({
      kind: 'serve',
      options: { port: 0, host: '::1', plainPort: 65535, withoutPeers: true },
    })
  })

  it('names a port that is none, and options that do not go together', () => {
    for (const bad of ['65536', '-1', 'https', '']) {
      expect(message('--serve', `--port=${bad}`)).toContain(`'${bad}'`)
      expect(message('--serve', `--plain-port=${bad}`)).toContain(`'${bad}'`)
    }
    expect(message('--serve', '--host=')).toContain('--host')
    expect(message('--serve', '--rounds', '3')).toBe('--rounds does not go with --serve')
    expect(message('--port', '1')).toBe('--port goes with --serve only')
  })

  it('prints its help before it looks at anything else', () => {
    expect(parseOptions(['--help', '--rounds', '0'])).toEqual({ kind: 'help', text: helpText() })
    for (const { what } of rows) expect(helpText()).toContain(what)
  })
})
