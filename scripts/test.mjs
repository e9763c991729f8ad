#!/usr/bin/env node
import process from 'node:process'
import { parseArgs } from 'node:util'
import { exitStatus, interruptedBy } from './child.mjs'
import { steps } from './steps.mjs'

/**
 * `npm test`: sets up whatever is missing, runs every step, and ends with one line that counts them. A failure
 * stops nothing but the steps that build on it, so that the count is whole. Needs only Node and npm to start.
 */

const usage = `npm test [-- --only <step>[,<step>...]]

Runs every step, or those that are named and what they need. Steps:

${steps.map(({ name, what, needs = [] }) => `  ${name.padEnd(9)} ${what}${needs.length ? `; needs ${needs.join(', ')}` : ''}`).join('\n')}
`

/**
 * @typedef {import('./steps.mjs').Counts} Counts
 * @typedef {Counts & { name: string, seconds: number }} Outcome
 */

/** @returns {Promise<number>} the exit status */
async function main() {
  const chosen = choose(process.argv.slice(2))
  if (typeof chosen === 'string') {
    const isHelp = chosen === usage
    console[isHelp ? 'log' : 'error'](chosen)
    return isHelp ? 0 : 2
  }
  /** @type {Outcome[]} */
  const outcomes = []
  for (const step of chosen) {
    if (interruptedBy()) break
    outcomes.push(await perform(step, outcomes))
  }
  summarise(outcomes)
  const signal = interruptedBy()
  if (signal) console.log(`\nInterrupted by ${signal}; the counts are not whole.`)
  const total = (/** @type {'passed' | 'failed'} */ key) => outcomes.reduce((sum, one) => sum + one[key], 0)
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`)
  if (signal) return exitStatus(signal)
  return total('failed') > 0 ? 1 : 0
}

/**
 * @param {string[]} args
 * @returns {import('./steps.mjs').Step[] | string} the steps to run, or what to tell who asked
 */
function choose(args) {
  /** @type {{ only?: string[], help?: boolean }} */
  let values
  try {
    values = parseArgs({
      args,
      options: { only: { type: 'string', multiple: true }, help: { type: 'boolean' } },
    }).values
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n\n${usage}`
  }
  if (values.help) return usage
  if (!values.only) return steps
  const asked = values.only.flatMap((names) => names.split(',')).filter((name) => name !== '')
  const unknown = asked.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0 || asked.length === 0)
    return `There is no step "${unknown.join('", "')}".\n\n${usage}`
  const wanted = new Set(['install', ...asked])
  // Needs stand before what needs them, so going backwards finds those of needs as well.
  for (const step of [...steps].reverse())
    if (wanted.has(step.name)) for (const need of step.needs ?? []) wanted.add(need)
  return steps.filter((step) => wanted.has(step.name))
}

/**
 * @param {import('./steps.mjs').Step} step
 * @param {Outcome[]} before
 * @returns {Promise<Outcome>}
 */
async function perform(step, before) {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  console.log(`\n=== ${step.name}: ${step.what}`)
  const needs = ['install', ...(step.needs ?? [])]
  const missing = before.find((outcome) => needs.includes(outcome.name) && outcome.failed > 0)
  /** @type {Counts} */
  let counts
  try {
    if (missing) throw new Error(`not run, because "${missing.name}" failed`)
    counts = await step.run()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    console.log(message)
    counts = { passed: 0, failed: 1, skipped: 0, failures: [message.split('\n')[0] ?? ''] }
  }
  const outcome = { name: step.name, seconds: seconds(), ...counts }
  console.log(
    `--- ${step.name}: ${counts.failed ? 'FAILED' : 'passed'} after ${outcome.seconds.toFixed(1)} s`,
  )
  return outcome
}

/** @param {Outcome[]} outcomes */
function summarise(outcomes) {
  console.log('\nstep       passed  failed  skipped  seconds')
  for (const { name, passed, failed, skipped, seconds } of outcomes) {
    const cells = [
      String(passed).padStart(6),
      String(failed).padStart(6),
      String(skipped).padStart(7),
      seconds.toFixed(1).padStart(7),
    ]
    console.log(`${name.padEnd(9)}  ${cells.join('  ')}`)
  }
  const failures = outcomes.flatMap(({ name, failures }) =>
    failures.map((failure) => `  ${name}: ${failure}`),
  )
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}`)
}

process.exitCode = await main()
