import { describe, expect, it } from 'vitest'
import { helpText, parseOptions } from '../options.ts'
import type { Part } from '../part.ts'

const parts: Part[] = ['cut', 'takeover'].map((name) => ({
  name,
  description: `what ${name} does`,
  run: async () => '',
}))

function message(...args: string[]): string {
  const parsed = parseOptions(args, parts)
  if (parsed.kind !== 'error') throw new Error(`expected a mistake, got ${parsed.kind}`)
  return parsed.message
}

function options(...args: string[]) {
  const parsed = parseOptions(args, parts)
  if (parsed.kind !== 'run') throw new Error(`expected options, got ${JSON.stringify(parsed)}`)
  return parsed.options
}

describe('the command line of the soak', () => {
  it('runs every part, whole, when nothing is asked for', () => {
    expect(options()).toMatchObject({ parts, short: false, replay: {} })
  })

  it('takes parts by name, in the order of the soak', () => {
    expect(options('--only', 'takeover,cut').parts).toEqual(parts)
    expect(options('--only', 'takeover').parts.map(({ name }) => name)).toEqual(['takeover'])
    expect(options('--only', 'cut', '--only', 'takeover').parts).toEqual(parts)
  })

  it('takes what a failed run names to be repeated', () => {
    const args = '--only cut --at 1234 --side client --how end --links 2 --shape steps'.split(' ')
    expect(options(...args).replay).toEqual({
      at: 1234,
      side: 'client',
      how: 'end',
      links: 2,
      shape: 'steps',
    })
  })

  it('leaves out of the slice what has one of its own in npm test', () => {
    const all: Part[] = [...parts, { name: 'long', description: '', wholeOnly: true, run: async () => '' }]
    const names = (...args: string[]) => {
      const parsed = parseOptions(args, all)
      return parsed.kind === 'run' ? parsed.options.parts.map(({ name }) => name) : parsed
    }
    expect(names()).toEqual(['cut', 'takeover', 'long'])
    expect(names('--short')).toEqual(['cut', 'takeover'])
    expect(names('--short', '--only', 'long')).toMatchObject({ kind: 'error' })
  })

  it('names what is wrong', () => {
    expect(message('--only', 'cuts')).toContain("'cuts'")
    for (const bad of ['-1', '1.5', 'all', ''])
      expect(message('--only=cut', `--at=${bad}`)).toContain(`'${bad}'`)
    expect(message('--only=cut', '--side=both')).toContain("'both'")
    expect(message('--only=cut', '--links=0')).toContain("'0'")
    expect(message('--seed=x')).toContain("'x'")
    expect(message('--at', '12')).toContain('--only cut')
    expect(message('--only=cut', '--seed=7')).toContain('--only takeover')
    expect(message('--long')).toContain('--long')
  })

  it('prints its help, with every part, before it looks at anything else', () => {
    expect(parseOptions(['--help', '--seed', 'x'], parts)).toEqual({ kind: 'help', text: helpText(parts) })
    for (const { name, description } of parts) {
      expect(helpText(parts)).toContain(name)
      expect(helpText(parts)).toContain(description)
    }
  })
})
