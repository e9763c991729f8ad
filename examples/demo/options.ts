import { parseArgs } from 'node:util'
import { type RowId, rows } from './rows.ts'

/** What the person who starts the demo asked for. */
export interface DemoOptions {
  /** Base number of rounds; each row takes its share of it. */
  rounds: number
  rows: RowId[]
  json: boolean
  /** Where the report goes. */
  report: string
}

export type ParsedOptions =
  | { kind: 'run'; options: DemoOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; message: string }

export const roundsDefault = 100
const roundsMax = 100_000

/** Reads the command line. Never throws: a mistake comes back as a message for the person who made it. */
export function parseOptions(args: string[]): ParsedOptions {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    return { kind: 'error', message: firstSentence(error) }
  }
  if (values.help) return { kind: 'help', text: helpText() }

  const rounds = wholeNumber(values.rounds)
  if (rounds === undefined || rounds < 1 || rounds > roundsMax) {
    return {
      kind: 'error',
      message: `--rounds takes a whole number from 1 to ${roundsMax}, not '${values.rounds}'`,
    }
  }
  const selected: RowId[] = []
  for (const part of values.rows?.split(',') ?? rows.map((row) => String(row.id))) {
    const row = rows.find(({ id }) => String(id) === part.trim())
    if (row === undefined) {
      return {
        kind: 'error',
        message: `--rows takes numbers from 1 to ${rows.length} with commas, not '${values.rows}'`,
      }
    }
    if (!selected.includes(row.id)) selected.push(row.id)
  }
  if (values.report === '') return { kind: 'error', message: '--report takes the name of a file' }
  selected.sort((a, b) => a - b)
  return { kind: 'run', options: { rounds, rows: selected, json: values.json, report: values.report } }
}

export function helpText(): string {
  return [
    'npm run demo -- [options]',
    '',
    'Counts the Answers that are lost when a signaling server answers an Offer and closes at once:',
    'over a bare WebSocket, and over lastword.',
    '',
    `  --rounds N      base number of rounds; each row takes its share (default ${roundsDefault}, about a minute)`,
    '  --rows LIST     only these rows, for example 1,4',
    '  --json          print the results as one JSON object on the last line',
    '  --report FILE   where the report goes (default demo-report.html)',
    '  --help          this text',
    '',
    'Rows:',
    ...rows.map((row) => `  ${row.id}  ${row.what}`),
    '',
    'Exit status: 0 if lastword lost nothing in any row, 1 if it did or a row could not be finished,',
    '2 for a mistake on the command line, 130 when interrupted.',
  ].join('\n')
}

function parse(args: string[]) {
  return parseArgs({
    args,
    strict: true,
    allowPositionals: false,
    options: {
      rounds: { type: 'string', default: String(roundsDefault) },
      rows: { type: 'string' },
      json: { type: 'boolean', default: false },
      report: { type: 'string', default: 'demo-report.html' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}

function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined
}

/** Node adds advice about `--` behind its first sentence, which does not help here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('. ')[0] ?? text
}
