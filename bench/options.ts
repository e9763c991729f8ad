import { parseArgs } from 'node:util'
import type { BenchCase } from './harness/types.ts'

/** What the person who starts the bench asked for. */
export interface RunOptions {
  readonly quick: boolean
  /** By number of the case: the workloads that were asked for, or all of them. */
  readonly chosen: ReadonlyMap<number, ReadonlySet<string> | 'all'>
  /** Rounds of every workload, instead of its own number. */
  readonly rounds: number | undefined
  readonly json: boolean
  readonly markdown: boolean
  /** Where the report goes. */
  readonly report: string
  /** The folder for profiles of every process, if there are to be any. */
  readonly profile: string | undefined
}

export type ParsedOptions =
  | { kind: 'run'; options: RunOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; message: string }

const roundsMax = 1000
const reportDefault = 'bench-report.html'

/** Reads the command line. Never throws: a mistake comes back as a message for the person who made it. */
export function parseOptions(args: string[], cases: readonly BenchCase[]): ParsedOptions {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    return wrong(firstSentence(error))
  }
  if (values.help) return { kind: 'help', text: helpText(cases) }
  const { quick, json, markdown, report, profile } = values
  const chosen = choose(values.only, quick, cases)
  if (typeof chosen === 'string') return wrong(`--only: ${chosen}`)
  const rounds = values.rounds === undefined ? undefined : wholeNumber(values.rounds)
  if (values.rounds !== undefined && rounds === undefined)
    return wrong(`--rounds takes a whole number from 1 to ${roundsMax}, not '${values.rounds}'`)
  if (report === '') return wrong('--report takes the name of a file')
  if (profile === '') return wrong('--profile takes the name of a folder')
  if (json && markdown) return wrong('--json and --markdown both want the whole output; take one of them')
  return { kind: 'run', options: { quick, chosen, rounds, json, markdown, report, profile } }
}

export function helpText(cases: readonly BenchCase[]): string {
  return [
    'npm run bench -- [options]',
    '',
    'Measures what lastword costs beside what people use today: everybody does the same work in the same run, round',
    'after round, and is compared with bare ws of the same round.',
    '',
    '  --quick         fewer rounds and less work in each: every ratio, in about three minutes',
    '  --only CASE     only this case, by number or name, or only one of its workloads as CASE/WORKLOAD; with commas,',
    '                  or given several times. For example --only 1/ws-64B,requests',
    `  --rounds N      rounds of each workload, at most ${roundsMax}, instead of its own number`,
    '  --json          print nothing but the results, as one JSON object',
    '  --markdown      print nothing but the tables, for docs/performance.md',
    `  --report FILE   where the report goes (default ${reportDefault})`,
    '  --profile DIR   have every process write a profile of its processor time there (.cpuprofile, for the developer tools',
    '                  of Chromium); the figures are then not worth much',
    '  --help          this text',
    '',
    ...cases.flatMap((benchCase) => [
      `  ${benchCase.number} ${benchCase.id}: ${benchCase.title}`,
      ...wrapped(benchCase.workloads({ quick: false }).map(({ id }) => id)),
    ]),
    '',
    'Exit status: 0 if everything was measured, also where a target is not met; 1 if something could not be measured;',
    '2 for a mistake on the command line, 130 when interrupted.',
  ].join('\n')
}

function choose(
  only: readonly string[] | undefined,
  quick: boolean,
  cases: readonly BenchCase[],
): Map<number, Set<string> | 'all'> | string {
  const chosen = new Map<number, Set<string> | 'all'>()
  const names = only?.flatMap((text) => text.split(',')) ?? cases.map(({ id }) => id)
  for (const name of names) {
    const slash = name.indexOf('/')
    const caseName = slash < 0 ? name : name.slice(0, slash)
    const benchCase = cases.find(({ id, number }) => id === caseName || String(number) === caseName)
    if (benchCase === undefined)
      return `there is no case '${caseName}'; use one of ${cases.map(({ id, number }) => `${number}, ${id}`).join(', ')}`
    if (slash < 0) {
      chosen.set(benchCase.number, 'all')
      continue
    }
    const workload = name.slice(slash + 1)
    const workloads = benchCase.workloads({ quick }).map(({ id }) => id)
    if (!workloads.includes(workload))
      return `${benchCase.id} has no workload '${workload}'${quick ? ' in a quick run' : ''}; use one of ${workloads.join(', ')}`
    const sofar = chosen.get(benchCase.number) ?? new Set<string>()
    if (sofar !== 'all') chosen.set(benchCase.number, sofar.add(workload))
  }
  return chosen
}

function parse(args: string[]) {
  return parseArgs({
    args,
    strict: true,
    allowPositionals: false,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      report: { type: 'string', default: reportDefault },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}

function wrong(message: string): ParsedOptions {
  return { kind: 'error', message }
}

function wholeNumber(text: string): number | undefined {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  return value >= 1 && value <= roundsMax ? value : undefined
}

const lineMax = 100

function wrapped(words: readonly string[]): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines[lines.length - 1]
    if (last !== undefined && last.length + word.length < lineMax)
      lines[lines.length - 1] = `${last}, ${word}`
    else lines.push(`      ${word}`)
  }
  return lines
}

/** Node adds advice about `--` behind its first sentence, which does not help here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('. ')[0] ?? text
}
