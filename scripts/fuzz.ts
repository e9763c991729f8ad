import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Found } from '../packages/protocol/test/fuzz/find.ts'
import { find } from '../packages/protocol/test/fuzz/find.ts'
import { fuzzConfig, type Recorded, runMachine } from '../packages/protocol/test/fuzz/machine-run.ts'
import { type Step, steps } from '../packages/protocol/test/fuzz/steps.ts'
import { runDoor } from '../packages/server-adapter/test/fuzz/door-run.ts'
import { doorSteps } from '../packages/server-adapter/test/fuzz/door-steps.ts'

/**
 * Feeds both roles of the session machine, and the door of an adapter, what a hostile peer may say. The last line is
 * the outcome; the exit status is 0 if every promise was kept, 1 if one was broken, 2 for arguments that make no sense.
 */
const usage = `usage: npm run fuzz -- [options]

  --seconds N   how long to go on (default 10)
  --seed N      the first seed (default: drawn anew each time)
  --role R      client, server or door; left out, all three in turn
  --once        only the runs of this one seed: what a failure prints
  --help        this text

The same seed makes the same runs. A failure prints the promise that was broken, the steps of the smallest run that
breaks it, what went in as JSON in the notation of packages/protocol/vectors, and the command that repeats it.`

const roles = ['client', 'server', 'door'] as const
type Role = (typeof roles)[number]

/** Runs of one seed and role: few enough that time is looked at often. */
const runsOf: Record<Role, number> = { client: 400, server: 400, door: 60 }
const shrinks = 3000
const seedMax = 2 ** 31 - 1

interface Task {
  seconds: number
  seed: number
  roles: readonly Role[]
  once: boolean
}

function readTask(): Task | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      role: { type: 'string' },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const role = roles.find((known) => known === values.role)
  if (values.role !== undefined && role === undefined) {
    throw new Error(`--role must be client, server or door, not "${values.role}"`)
  }
  // What is tried differs from one day to the next; what was found is repeated by its seed.
  const drawn = 1 + Math.floor(Math.random() * 1e9)
  return {
    seconds: wholeNumber('--seconds', values.seconds, 10),
    seed: wholeNumber('--seed', values.seed, drawn),
    roles: role === undefined ? roles : [role],
    once: values.once,
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > seedMax) {
    throw new Error(`${name} must be a whole number from 1 to ${seedMax}, not "${text}"`)
  }
  return number
}

async function fuzz(task: Task): Promise<number> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1_000
  const runs: Record<Role, number> = { client: 0, server: 0, door: 0 }
  let failures = 0
  for (let seed = task.seed; seed <= seedMax; seed++) {
    for (const role of task.roles) {
      const found = await search(role, seed)
      runs[role] += found?.runs ?? runsOf[role]
      if (found === undefined) continue
      failures++
      say(story(role, seed, found))
    }
    if (failures > 0 || task.once || elapsed() >= task.seconds) break
  }
  const counted = task.roles.map((role) => `${runs[role]} ${role}`).join(', ')
  say(`fuzz: ${counted} runs from seed ${task.seed} in ${elapsed().toFixed(1)} s, ${failures} failures`)
  return failures === 0 ? 0 : 1
}

function search(role: Role, seed: number): Promise<Found<unknown> | undefined> {
  const how = { seed, runs: runsOf[role], shrinks }
  if (role === 'door') return find(doorSteps, (one) => runDoor(one), how)
  return find(steps, (one: Step[]) => void runMachine(role, one), how)
}

function story(role: Role, seed: number, { steps: small, error }: Found<unknown>): string {
  const recorded = (error as { recorded?: Recorded[] }).recorded
  const vector =
    recorded === undefined
      ? []
      : ['', JSON.stringify({ sides: [role], config: { [role]: fuzzConfig }, steps: recorded })]
  return [
    `${role}, seed ${seed}: ${error.stack ?? error.message}`,
    '',
    ...small.map((step) => `  ${JSON.stringify(step)}`),
    ...vector,
    '',
    `npm run fuzz -- --role ${role} --seed ${seed} --once`,
  ].join('\n')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A promise that nobody waits for is somebody's mistake, and never the end of a server. */
process.on('unhandledRejection', (error) => {
  say(`a promise was rejected and nobody looked: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 1
})

try {
  const task = readTask()
  if (task === undefined) say(usage)
  else process.exitCode = (await fuzz(task)) || process.exitCode || 0
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
  process.exitCode = 2
}
