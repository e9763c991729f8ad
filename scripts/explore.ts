import process from 'node:process'
import { parseArgs } from 'node:util'
import { checkReduction } from '../packages/protocol/test/explore/check-reduction.ts'
import { type Exploration, explore } from '../packages/protocol/test/explore/explore.ts'
import { findByExploring, findFault } from '../packages/protocol/test/explore/find-fault.ts'
import type { Plan } from '../packages/protocol/test/explore/plan.ts'
import { largePlans, reductionPlan, smallPlans } from '../packages/protocol/test/explore/plans.ts'
import { storyOf } from '../packages/protocol/test/explore/story.ts'
import { plantedFaults } from '../packages/protocol/test/faults/faults.ts'

/**
 * Explores small worlds: every interleaving of what two sides and the network between them can do, on the real session
 * machine. The exit status is 0 if every promise was kept in all that was seen, 1 if one was broken, 2 for arguments
 * that make no sense.
 */
const usage = `usage: npm run explore -- [options]

  --large       larger worlds, for minutes to hours and gigabytes
  --world TEXT  only the worlds whose names have this in them
  --states N    leave a world when so many states have been met
  --list        say which worlds there are
  --planted     build one mistake after the other into the core, and say how each is found
  --verbose     with --planted: the shortest way to each
  --help        this text

Each world is a plan: what each side sends, how it closes, how many links may be lost, and so on. Every state that can
be reached is visited once, breadth first; a broken promise is told with the shortest way that leads to it. Ctrl-C
ends it with what was seen so far.`

interface Task {
  plans: readonly Plan[]
  statesMax: number
  /** Also holds that what is left out of the worlds shows nowhere. */
  checked: boolean
  planted: boolean
  verbose: boolean
}

function readTask(): Task | undefined {
  const { values } = parseArgs({
    options: {
      large: { type: 'boolean', default: false },
      world: { type: 'string' },
      states: { type: 'string' },
      list: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(usage)
    return undefined
  }
  const plans = values.large ? largePlans : smallPlans
  if (values.list) {
    for (const { name } of plans) say(name)
    return undefined
  }
  const { world } = values
  const chosen = world === undefined ? plans : plans.filter(({ name }) => name.includes(world))
  if (chosen.length === 0) throw new Error(`no world has "${world}" in its name; see --list`)
  const { planted, verbose } = values
  const checked = plans === smallPlans && world === undefined
  return { plans: chosen, statesMax: wholeNumber('--states', values.states), checked, planted, verbose }
}

function wholeNumber(name: string, text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${name} must be a whole number from 1, not "${text}"`)
  return Number(text)
}

let interrupted = false

async function exploreAll({ plans, statesMax, checked }: Task): Promise<number> {
  const total = { states: 0, transitions: 0, depth: 0, violations: 0 }
  const started = performance.now()
  let whole = true
  for (const plan of plans) {
    if (interrupted) break
    const result = await exploreOne(plan, statesMax)
    total.states += result.states
    total.transitions += result.transitions
    total.depth = Math.max(total.depth, result.depth)
    total.violations += result.violations
    whole &&= result.complete
  }
  const same = !checked || interrupted || (await reductionHolds())
  const { states, transitions, depth, violations } = total
  const extent = whole && !interrupted ? '' : ', not all was seen'
  say(
    `${count(states)} states, ${count(transitions)} transitions, depth ${depth}, ${seconds(started)} s, ${violations} violations${extent}`,
  )
  return violations === 0 && same ? 0 : 1
}

/** Leaving out what nobody can notice must leave out nothing else. */
async function reductionHolds(): Promise<boolean> {
  const { whole, reduced, sides, difference } = await checkReduction(reductionPlan)
  say(`${reductionPlan.name}: ${count(whole)} states, ${count(reduced)} without what nobody can notice`)
  if (difference === undefined) say(`    both sides come to the same ${count(sides)} states together`)
  else say(`    both sides do NOT come to the same states together: ${difference}`)
  return difference === undefined
}

async function exploreOne(plan: Plan, statesMax: number): Promise<Exploration> {
  const started = performance.now()
  let shown = 0
  const result = await explore(plan, {
    statesMax,
    onProgress: async ({ states, expanded, transitions, depth }) => {
      if (process.stderr.isTTY && performance.now() - shown > 500) {
        shown = performance.now()
        const speed = Math.round(transitions / ((shown - started) / 1_000))
        const words = `${plan.name}: ${count(expanded)} of ${count(states)} states, depth ${depth}, ${count(speed)} transitions a second `
        process.stderr.write(`${clearLine}${words}`)
      }
      // Lets a signal be heard.
      await new Promise((resolve) => setImmediate(resolve))
      return !interrupted
    },
  })
  const { states, transitions, depth, violations, complete, clientStates, serverStates, runs } = result
  say(
    `${plan.name}
    ${count(states)} states (${count(clientStates)} of the client, ${count(serverStates)} of the server, ${count(runs)} steps run), ${count(transitions)} transitions, depth ${depth}, ${seconds(started)} s, ${violations} violations${complete ? '' : ', not all was seen'}`,
  )
  for (const found of result.found) say(`\n${storyOf(result.world, found)}\n`)
  return result
}

/** A fault counts as found if it is found as what it breaks. */
async function findPlanted(verbose: boolean): Promise<number> {
  const started = performance.now()
  const innocent = await findByExploring()
  if (innocent !== undefined) {
    say(`found where nothing was planted, by ${innocent.by}:\n\n${innocent.story}`)
    return 1
  }
  say('nothing is found where nothing is planted')
  let found = 0
  let tried = 0
  for (const fault of plantedFaults) {
    if (interrupted) break
    tried++
    const finding = await findFault(fault)
    if (finding === undefined) {
      say(`MISSED ${fault.name}`)
      continue
    }
    const { by, promise, message, after, unit, story } = finding
    const fits = fault.promises.includes(promise)
    if (fits) found++
    say(
      `${fits ? 'found ' : 'MISSED'} ${fault.name}: by ${by} after ${count(after)} ${unit}, "${promise}": ${message}`,
    )
    if (verbose) say(`\n${story}\n`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const extent = interrupted ? `, ${tried} were tried` : ''
  say(`${found} of ${plantedFaults.length} planted faults found, ${seconds(started)} s${extent}`)
  return found === tried ? 0 : 1
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1)
}

function count(number: number): string {
  return number.toLocaleString('en')
}

const clearLine = '\r\u001b[K'

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(clearLine)
  process.stdout.write(`${text}\n`)
}

process.on('SIGINT', () => {
  if (interrupted) process.exit(130)
  interrupted = true
})

try {
  const task = readTask()
  if (task?.planted) process.exitCode = await findPlanted(task.verbose)
  else if (task !== undefined) process.exitCode = await exploreAll(task)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
  process.exitCode = 2
}
