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

/** What the person who starts the page's server asked for. */
export interface ServeOptions {
  /** Where the page is; 0 for a free one. */
  port: number
  host: string
  /** Where the server of the README's page is; 0 for a free one. */
  plainPort: number
  /** Whether the server is to do as where libdatachannel cannot be loaded. */
  withoutPeers: boolean
}

export type ParsedOptions =
  | { kind: 'run'; options: DemoOptions }
  | { kind: 'serve'; options: ServeOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; message: string }

export const roundsDefault = 100
const roundsMax = 100_000
const portDefault = 8443
/** The one that the README's page names. */
const plainPortDefault = 8080
const hostDefault = '127.0.0.1'
const portMax = 65_535

const serveOnly = ['port', 'host', 'plain-port', 'without-peers'] as const
const runOnly = ['rounds', 'rows', 'json', 'report'] as const

/** Reads the command line. Never throws: a mistake comes back as a message for the person who made it. */
export function parseOptions(args: string[]): ParsedOptions {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    return { kind: 'error', message: firstSentence(error) }
  }
  if (values.help) return { kind: 'help', text: helpText() }
  const stray = (values.serve ? runOnly : serveOnly).find((name) => values[name] !== undefined)
  if (stray !== undefined) {
    return {
      kind: 'error',
      message: values.serve ? `--${stray} does not go with --serve` : `--${stray} goes with --serve only`,
    }
  }
  return values.serve ? serveOptions(values) : runOptions(values)
}

type Values = ReturnType<typeof parse>['values']

function serveOptions(values: Values): ParsedOptions {
  const ports: number[] = []
  for (const [name, standard] of [
    ['port', portDefault],
    ['plain-port', plainPortDefault],
  ] as const) {
    const text = values[name] ?? String(standard)
    const port = wholeNumber(text)
    if (port === undefined || port > portMax) {
      return { kind: 'error', message: `--${name} takes a number from 0 to ${portMax}, not '${text}'` }
    }
    ports.push(port)
  }
  const [port = portDefault, plainPort = plainPortDefault] = ports
  const host = values.host ?? hostDefault
  if (host === '') return { kind: 'error', message: '--host takes an address of this machine' }
  return { kind: 'serve', options: { port, host, plainPort, withoutPeers: values['without-peers'] ?? false } }
}

function runOptions(values: Values): ParsedOptions {
  const rounds = wholeNumber(values.rounds ?? String(roundsDefault))
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
  const { json = false, report = 'demo-report.html' } = values
  return { kind: 'run', options: { rounds, rows: selected, json, report } }
}

export function helpText(): string {
  return [
    'npm run demo -- [options]',
    'npm run demo -- --serve [--port N] [--host ADDRESS] [--plain-port N] [--without-peers]',
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
    'With --serve, a page to look at: it calls this machine over both, as often as you like, and draws what goes over',
    'the wire. The server runs until Ctrl-C.',
    '',
    `  --port N        where the page is, over https (default ${portDefault}; 0 for a free one)`,
    `  --host ADDRESS  which address listens (default ${hostDefault}, which only this machine can reach)`,
    `  --plain-port N  where the server of the README's page is, without TLS (default ${plainPortDefault})`,
    '  --without-peers answer with texts, as where libdatachannel cannot be loaded',
    '',
    'Rows:',
    ...rows.map((row) => `  ${row.id}  ${row.what}`),
    '',
    'Exit status: 0 if lastword lost nothing in any row, 1 if it did or a row could not be finished,',
    '2 for a mistake on the command line, 130 when interrupted. With --serve: 0 when it was ended, 1 if it could not',
    'listen, for example because the port is taken.',
  ].join('\n')
}

function parse(args: string[]) {
  return parseArgs({
    args,
    strict: true,
    allowPositionals: false,
    options: {
      rounds: { type: 'string' },
      rows: { type: 'string' },
      json: { type: 'boolean' },
      report: { type: 'string' },
      serve: { type: 'boolean', default: false },
      port: { type: 'string' },
      host: { type: 'string' },
      'plain-port': { type: 'string' },
      'without-peers': { type: 'boolean' },
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
