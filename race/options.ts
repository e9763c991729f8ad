import { parseArgs } from 'node:util'
import { axes, type Cell } from './matrix.ts'
import { selectCells } from './select.ts'
import { slices } from './slices.ts'

/** What the person who starts the race asked for. */
export interface RaceOptions {
  /** Rounds of each cell with each stack. */
  rounds: number
  cells: Cell[]
  /** How many cells are played at once, each with a client's and a server's process of its own. */
  lanes: number
  json: boolean
  /** Where the report goes. */
  report: string
}

export type ParsedOptions =
  | { kind: 'run'; options: RaceOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; message: string }

const roundsMax = 100_000
const lanesDefault = 3
const lanesMax = 8
const reportDefault = 'race-report.html'

/** Reads the command line. Never throws: a mistake comes back as a message for the person who made it. */
export function parseOptions(args: string[]): ParsedOptions {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    return wrong(firstSentence(error))
  }
  if (values.help) return { kind: 'help', text: helpText() }

  const slice = slices[values.slice]
  if (slice === undefined)
    return wrong(`there is no slice '${values.slice}'; use one of ${Object.keys(slices).join(', ')}`)
  const rounds = values.n === undefined ? slice.rounds : wholeNumber(values.n, roundsMax)
  if (rounds === undefined) return wrong(`--n takes a whole number from 1 to ${roundsMax}, not '${values.n}'`)
  const lanes = values.lanes === undefined ? lanesDefault : wholeNumber(values.lanes, lanesMax)
  if (lanes === undefined)
    return wrong(`--lanes takes a whole number from 1 to ${lanesMax}, not '${values.lanes}'`)
  const selected = selectCells(slice.only)
  if (typeof selected === 'string') return wrong(`the slice '${values.slice}': ${selected}`)
  const asked = selectCells(values.only ?? ['*'])
  if (typeof asked === 'string') return wrong(`--only: ${asked}`)
  const cells = selected.filter((cell) => asked.some((other) => sameCell(cell, other)))
  if (cells.length === 0) return wrong(`the slice '${values.slice}' has no cell that --only would take`)
  if (values.report === '') return wrong('--report takes the name of a file')
  return { kind: 'run', options: { rounds, cells, lanes, json: values.json, report: values.report } }
}

export function helpText(): string {
  const [schemes, sizes, ways, conditions] = axes
  return [
    'npm run race -- [options]',
    '',
    'Counts the answers that are lost when a server answers and ends the connection at once, on real sockets:',
    'bare ws, a plain client behind closeAfterPong, and lastword, in every cell of a matrix.',
    '',
    `  --n N           rounds of each cell with each stack (default ${slices.all?.rounds})`,
    '  --only PATTERN  only these cells: scheme/size/way/condition, each part * or names with commas,',
    '                  parts at the end may be left out; may be given several times.',
    '                  For example --only wss/1MiB/*/reset-mid or --only ws/*/close,exit',
    '  --slice NAME    a choice of cells that has a name:',
    ...Object.entries(slices).map(
      ([name, { what, rounds }]) => `                    ${name}: ${what} (--n ${rounds})`,
    ),
    `  --lanes N       how many cells are played at once, at most ${lanesMax} (default ${lanesDefault})`,
    '  --json          print the results as one JSON object on the last line',
    `  --report FILE   where the report goes (default ${reportDefault})`,
    '  --help          this text',
    '',
    `  schemes     ${schemes.join(', ')}`,
    `  sizes       ${sizes.join(', ')}`,
    `  ways        ${ways.join(', ')}`,
    `  conditions  ${conditions.slice(0, 6).join(', ')},`,
    `              ${conditions.slice(6).join(', ')}`,
    '',
    'Exit status: 0 if lastword lost nothing and no report was false, and closeAfterPong lost nothing where the',
    'network itself delivers; 1 otherwise; 2 for a mistake on the command line, 130 when interrupted.',
    'What each way and condition does on each stack stands in race/README.md.',
  ].join('\n')
}

function parse(args: string[]) {
  return parseArgs({
    args,
    strict: true,
    allowPositionals: false,
    options: {
      n: { type: 'string' },
      only: { type: 'string', multiple: true },
      slice: { type: 'string', default: 'all' },
      lanes: { type: 'string' },
      json: { type: 'boolean', default: false },
      report: { type: 'string', default: reportDefault },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}

function wrong(message: string): ParsedOptions {
  return { kind: 'error', message }
}

function sameCell(a: Cell, b: Cell): boolean {
  return a.scheme === b.scheme && a.size === b.size && a.way === b.way && a.condition === b.condition
}

function wholeNumber(text: string, max: number): number | undefined {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  return value >= 1 && value <= max ? value : undefined
}

/** Node adds advice about `--` behind its first sentence, which does not help here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('. ')[0] ?? text
}
