import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type CommandLine, parseCommandLine, usage } from './command-line.ts'
import { drawPage } from './page.ts'
import { plainText } from './plain-text.ts'
import { Progress } from './progress.ts'
import { readLines } from './read-lines.ts'
import type { ReadingNotes } from './story-words.ts'
import { drawText } from './text.ts'
import { parseTraceLine } from './trace-line.ts'
import { Traces } from './traces.ts'

/** Runs the command; returns its exit status. */
export async function main(args: string[]): Promise<number> {
  let line: CommandLine
  try {
    line = parseCommandLine(args)
  } catch (error) {
    complain(`${messageOf(error)}\nTry: lastword-ladder --help`)
    return 2
  }
  try {
    if (line.help) await print([usage])
    else if (line.version) await print([`${version()}\n`])
    else await draw(line)
    return 0
  } catch (error) {
    complain(messageOf(error))
    return 1
  }
}

async function draw(line: CommandLine): Promise<void> {
  const { files, out, session, rows, text } = line
  if (out !== undefined) await checkOut(out, files)
  const traces = new Traces({
    ...(session === undefined ? {} : { session }),
    ...(rows === undefined ? {} : { rowsMax: rows }),
  })
  const notes: ReadingNotes = { files: files.map(nameOf), skipped: 0, examples: [] }
  const progress = await Progress.of(files)
  for (const file of files) await read(file, traces, notes, line.strict, progress)
  progress.end()
  tellSkipped(notes)
  if (traces.sessions.length === 0) throw new Error(whyNothing(traces, line))
  const title = line.title ?? `What was said: ${notes.files.join(', ')}`
  const pieces = (text ? drawText : drawPage)(traces, notes, title)
  if (out === undefined) await print(pieces)
  else await pipeline(Readable.from(pieces), createWriteStream(out))
}

async function read(
  file: string,
  traces: Traces,
  notes: ReadingNotes,
  strict: boolean,
  progress: Progress,
): Promise<void> {
  if (file !== '-' && (await isFolder(file))) throw new Error(`${file} is a folder; name a trace in it`)
  const stream = file === '-' ? process.stdin : createReadStream(file)
  for await (const line of readLines(progress.counted(stream))) {
    try {
      if ('tooLong' in line) throw new Error('is too long')
      traces.take(parseTraceLine(line.text))
    } catch (error) {
      const problem = `${nameOf(file)}:${line.number}: ${plainText(messageOf(error), 200)}`
      if (strict) {
        progress.end()
        throw new Error(problem)
      }
      notes.skipped++
      if (notes.examples.length < examplesMax) notes.examples.push(problem)
    }
  }
}

function tellSkipped({ skipped, examples }: ReadingNotes): void {
  if (skipped === 0) return
  for (const example of examples) complain(example)
  const more = skipped - examples.length
  complain(
    `${skipped} ${skipped === 1 ? 'line' : 'lines'} skipped${more > 0 ? `, of which ${more} are not listed` : ''}`,
  )
}

function whyNothing(traces: Traces, { files, session }: CommandLine): string {
  if (session === undefined) return `there is no line of a trace in ${files.map(nameOf).join(', ')}`
  const there = [...traces.others.keys()].slice(0, examplesMax).map((sid) => plainText(sid, 80))
  const named =
    there.length === 0
      ? ''
      : `; there are ${there.join(', ')}${traces.others.size > there.length ? ', …' : ''}`
  return `there is no session ${plainText(session, 80)}${named}`
}

/** A drawing that replaces the trace it is made from would be a loss. */
async function checkOut(out: string, files: string[]): Promise<void> {
  const real = await realpath(out).catch(() => undefined)
  if (real === undefined) return
  if ((await stat(real)).isDirectory()) throw new Error(`${out} is a folder; name a file in it`)
  for (const file of files) {
    if (file !== '-' && (await realpath(file)) === real) throw new Error(`--out ${out} would replace a trace`)
  }
}

/** One that is not there says so when it is read. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** A reader that has seen enough, such as `head`, is no failure. */
async function print(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'the standard input' : basename(file)
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

function complain(text: string): void {
  process.stderr.write(`lastword-ladder: ${text}\n`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const examplesMax = 10
