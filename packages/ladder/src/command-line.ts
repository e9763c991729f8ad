import { parseArgs } from 'node:util'

export interface CommandLine {
  /** Paths; `-` is the standard input. */
  files: string[]
  /** Where the drawing goes; the standard output if absent. */
  out: string | undefined
  session: string | undefined
  title: string | undefined
  rows: number | undefined
  text: boolean
  strict: boolean
  help: boolean
  version: boolean
}

export const usage = `lastword-ladder draws what lastword sessions said, from their traces.

  lastword-ladder trace.jsonl > ladder.html
  lastword-ladder client.jsonl server.jsonl --out ladder.html
  lastword-ladder --text --session 3xAmpl3 trace.jsonl | less

Several files are drawn as one: where a session was traced by its client and by its server, each frame is
drawn once, and what left one side and never reached the other is marked. A file named - is the standard input.

  --out FILE      writes there and not to the standard output
  --session ID    draws this session only
  --title TEXT    the page's title
  --text          draws for a terminal and not as HTML
  --rows N        how much of each side of a session is drawn before its middle is left out (1000)
  --strict        ends at the first line that cannot be read, instead of skipping and counting it
  --version, --help

Exit status: 0 drawn; 1 not drawn, for a file, a line (--strict) or a session that is not there; 2 wrong usage.
`

/** @throws Error in words for the user */
export function parseCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      session: { type: 'string' },
      title: { type: 'string' },
      rows: { type: 'string' },
      text: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  const { out, session, title, text, strict, help, version } = values
  const files = positionals
  if (files.length === 0 && !help && !version) throw new Error('no trace is named')
  const twice = files.find((file, index) => files.indexOf(file) !== index)
  if (twice !== undefined) throw new Error(`${twice} is named twice`)
  const rows = values.rows === undefined ? undefined : Number(values.rows)
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 2 && rows <= rowsLargest)) {
    throw new Error(`--rows ${values.rows} is no whole number from 2 to ${rowsLargest}`)
  }
  return { files, out, session, title, rows, text, strict, help, version }
}

const rowsLargest = 1_000_000
