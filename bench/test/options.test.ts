import { describe, expect, it } from 'vitest'
import { cases } from '../cases.ts'
import { helpText, parseOptions } from '../options.ts'
import { sampleCase } from './sample-case.ts'

const two = [sampleCase, { ...sampleCase, number: 2, id: 'second' }]

function message(...args: string[]): string {
  const parsed = parseOptions(args, two)
  if (parsed.kind !== 'error') throw new Error(`expected a mistake, got ${parsed.kind}`)
  return parsed.message
}

function options(...args: string[]) {
  const parsed = parseOptions(args, two)
  if (parsed.kind !== 'run') throw new Error(`expected options, got ${JSON.stringify(parsed)}`)
  return parsed.options
}

describe('the command line of the bench', () => {
  it('measures every case when nothing is asked for', () => {
    expect(options()).toEqual({
      quick: false,
      chosen: new Map([
        [1, 'all'],
        [2, 'all'],
      ]),
      rounds: undefined,
      json: false,
      markdown: false,
      report: 'bench-report.html',
      profile: undefined,
    })
  })

  it('takes each option', () => {
    expect(options('--quick', '--rounds', '7', '--json', '--report=x.html', '--profile', 'p')).toMatchObject({
      quick: true,
      rounds: 7,
      json: true,
      report: 'x.html',
      profile: 'p',
    })
    expect(options('--markdown').markdown).toBe(true)
  })

  it('takes cases by number or name, and workloads of them, together and apart', () => {
    expect(options('--only', '2').chosen).toEqual(new Map([[2, 'all']]))
    expect(options('--only', 'first/small,second').chosen).toEqual(
      new Map<number, unknown>([
        [1, new Set(['small'])],
        [2, 'all'],
      ]),
    )
    expect(options('--only', '1/small', '--only', '1/large').chosen).toEqual(
      new Map([[1, new Set(['small', 'large'])]]),
    )
    // The whole of a case holds each of its workloads.
    expect(options('--only', '1,1/small').chosen).toEqual(new Map([[1, 'all']]))
    expect(options('--only', '1/small,1').chosen).toEqual(new Map([[1, 'all']]))
  })

  it('names what is wrong', () => {
    for (const bad of ['0', '-1', '1.5', 'many', '', '1001'])
      expect(message(`--rounds=${bad}`)).toContain(`'${bad}'`)
    expect(message('--only', '3')).toContain("'3'")
    expect(message('--only', 'first/huge')).toContain("'huge'")
    expect(message('--quick', '--only', '1/large')).toContain('in a quick run')
    expect(message('--report=')).toContain('--report')
    expect(message('--profile=')).toContain('--profile')
    expect(message('--json', '--markdown')).toContain('--markdown')
    expect(message('--fast')).toContain('--fast')
    expect(message('fast')).toContain('fast')
  })

  it('prints its help before it looks at anything else, with every case and workload in it', () => {
    const text = helpText(two)
    expect(parseOptions(['--help', '--rounds', '0'], two)).toEqual({ kind: 'help', text })
    expect(text).toContain('1 first: The <first> case')
    expect(text).toContain('small, large')
  })
})

describe('the cases of the bench', () => {
  it('have numbers and names of their own', () => {
    expect(new Set(cases.map(({ number }) => number)).size).toBe(cases.length)
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
  })

  it('have a quick run that measures whatever a target needs', () => {
    for (const benchCase of cases) {
      for (const quick of [true, false]) {
        const workloads = new Map(benchCase.workloads({ quick }).map((workload) => [workload.id, workload]))
        for (const target of benchCase.targets) {
          const workload = workloads.get(target.workload)
          expect(
            workload?.metrics.map(({ key }) => key),
            `${benchCase.id}/${target.workload}`,
          ).toContain(target.metric)
          expect(target.atLeast ?? target.atMost).toBeTypeOf('number')
        }
      }
    }
  })
})
