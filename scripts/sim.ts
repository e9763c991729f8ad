import process from 'node:process'
import { parseArgs } from 'node:util'
import { describeFailure, runSeed } from '../packages/protocol/test/sim/run-seed.ts'
import { Statistics } from '../packages/protocol/test/sim/statistics.ts'

/**
 * Runs the simulation of the session machine over many seeds. The last line is the outcome; the exit status is 0 if
 * every promise was kept, 1 if one was broken, 2 for arguments that make no sense.
 */
const usage = `usage: npm run sim -- [options]

  --seeds N     how many runs (default 2000)
  --from N      the first seed (default 1)
  --seconds N   go on for so long instead of counting runs
  --trace       tell the story of each run; of the failed ones it is told anyway
  --stats       say how often each kind of event happened
  --help        this text

The same seed gives the same run. A failed one prints the seed, the promise that was broken, the story of the run and
the command that repeats it.`

/** Failures that are told in full. */
const toldMax = 3
const seedMax = 2 ** 32 - 1

interface Task {
  seeds: number
  from: number
  seconds: number | undefined
  trace: boolean
  stats: boolean
}

function readTask(): Task | undefined {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seconds: { type: 'string' },
      trace: { type: 'boolean', default: false },
      stats: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  if (values.seeds !== undefined && values.seconds !== undefined) {
    throw new Error('--seeds and --seconds exclude each other')
  }
  const from = wholeNumber('--from', values.from, 1, 0)
  const seeds = wholeNumber('--seeds', values.seeds, 2_000, 1)
  const seconds = values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds, 1, 1)
  if (from + seeds > seedMax) throw new Error(`seeds end at ${seedMax}`)
  return { seeds, from, seconds, trace: values.trace, stats: values.stats }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, min: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > seedMax) {
    throw new Error(`${name} must be a whole number from ${min} to ${seedMax}, not "${text}"`)
  }
  return number
}

function simulate(task: Task): number {
  const total = new Statistics()
  const started = performance.now()
  const elapsedSeconds = () => (performance.now() - started) / 1_000
  let runs = 0
  let violations = 0
  let lastShown = 0
  const enough = () =>
    task.seconds === undefined
      ? runs >= task.seeds
      : elapsedSeconds() >= task.seconds || task.from + runs >= seedMax
  while (!enough()) {
    const result = runSeed(task.from + runs, { trace: task.trace })
    runs++
    total.add(result.statistics)
    if (result.violation !== undefined) {
      violations++
      if (violations <= toldMax) say(describeFailure(result))
      else say(`seed ${result.seed} breaks "${result.violation.promise}": ${result.violation.message}`)
    } else if (task.trace) say([`seed ${result.seed}`, ...(result.trace ?? [])].join('\n'))
    if (process.stderr.isTTY && performance.now() - lastShown > 200) {
      lastShown = performance.now()
      const share = task.seconds === undefined ? runs / task.seeds : elapsedSeconds() / task.seconds
      process.stderr.write(`\r${runs} seeds, ${violations} violations, ${Math.floor(share * 100)} % `)
    }
  }
  if (process.stderr.isTTY) process.stderr.write(clearLine)
  if (task.stats) {
    for (const [name, times] of total.counts) say(`${String(times).padStart(10)}  ${name}`)
    say(`${Math.round(runs / elapsedSeconds())} seeds a second`)
  }
  say(`${runs} seeds, ${violations} violations`)
  return violations === 0 ? 0 : 1
}

const clearLine = '\r\u001b[K'

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(clearLine)
  process.stdout.write(`${text}\n`)
}

try {
  const task = readTask()
  if (task === undefined) say(usage)
  else process.exitCode = simulate(task)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
  process.exitCode = 2
}
