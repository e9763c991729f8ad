import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { build } from './build.mjs'
import { run } from './child.mjs'
import { ensureChromium } from './chromium.mjs'
import { ensureEngines } from './engines.mjs'
import { tool } from './exec.mjs'
import { ensureInstalled } from './install.mjs'
import { pack, tarball } from './pack.mjs'
import { cacheFolder, inRoot, publicPackages } from './root.mjs'
import { runTypeScript } from './run.mjs'

/**
 * The steps of `npm test`, in their order. A step reports one result for each command it runs; vitest and
 * Playwright report one for each test.
 */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures one line for each failure
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {string} what
 * @property {string[]} [needs] steps that have to pass first; they are run too where only this one was asked for
 * @property {() => Promise<Counts>} run rejects if the step as a whole fails
 */

const minuteMs = 60_000

/** @type {Step[]} */
export const steps = [
  { name: 'install', what: 'dependencies, as the lockfile says', run: () => whole(ensureInstalled()) },
  {
    name: 'lint',
    what: 'Biome: rules, formatting, order of imports',
    run: () => commands([['biome', 'check', '.']]),
  },
  {
    name: 'knip',
    what: 'no unused file, export or dependency',
    run: () => commands([['knip', '--no-config-hints']]),
  },
  { name: 'types', what: 'tsc over every package, the tests, examples and e2e', run: types },
  { name: 'unit', what: 'vitest: units, vectors, properties, simulation, integration', run: unit },
  { name: 'build', what: 'Rollup: modules, types, script-tag build', run: () => whole(build()) },
  { name: 'pack', what: 'the tarballs that would be published', needs: ['build'], run: () => whole(pack()) },
  {
    name: 'packages',
    what: 'every entry loads; publint and attw on the tarballs',
    needs: ['pack'],
    run: packages,
  },
  {
    name: 'size',
    what: 'size-limit on the packed script-tag build',
    needs: ['pack'],
    run: () => commands([['size-limit']]),
  },
  {
    name: 'readme',
    what: 'what the README shows, installed into an empty folder and run',
    needs: ['pack'],
    run: () =>
      commands([
        ['node', inRoot('scripts/readme.mjs'), '--check'],
        ['node', inRoot('scripts/readme-programs.mjs')],
      ]),
  },
  { name: 'sim', what: 'simulation, seeds 1 to 2000', run: simulation },
  {
    name: 'explore',
    what: 'every interleaving of small worlds, on the real session machine',
    run: exploration,
  },
  { name: 'fuzz', what: 'the fuzzer for a few seconds: both roles and the door', run: fuzz },
  { name: 'race', what: 'the race lab, a slice of it: nothing is lost on real sockets', run: race },
  { name: 'soak', what: 'the soak, a slice of it: lost links, takeovers, bounds', run: soak },
  {
    name: 'bench',
    what: 'the bench, a round of some of its workloads: everybody can still be measured',
    run: bench,
  },
  {
    name: 'e2e',
    what: 'Playwright: the packed script-tag build in Chromium, the shared suite in Firefox and WebKit too',
    needs: ['pack'],
    run: endToEnd,
  },
]

function types() {
  const projects = [
    ...publicPackages.map((name) => `packages/${name}`),
    'packages/transport/tsconfig.browser.json',
    'packages/session/tsconfig.browser.json',
    'packages/sdk/tsconfig.browser.json',
    'tsconfig.tests.json',
    'scripts',
    'examples',
    'race',
    'soak',
    'bench',
    'e2e',
  ]
  return commands(projects.map((project) => ['tsc', '-p', project]))
}

function packages() {
  return commands([
    ['node', inRoot('scripts/load-built.mjs')],
    ...publicPackages.flatMap((name) => [
      ['publint', tarball(name), '--strict'],
      // Node 10's resolution knows no export maps; whoever uses it has a Node that is not supported.
      ['attw', tarball(name), '--profile', 'node16', '--format', 'ascii'],
    ]),
  ])
}

async function simulation() {
  const { code, problem } = await runTypeScript(['scripts/sim.ts'], ['--seeds', '2000', '--from', '1'], {
    deadlineMs: 6 * minuteMs,
  })
  return code === 0 ? counts(1) : counts(0, [`simulation: ${problem ?? `status ${code}`}`])
}

async function exploration() {
  const result = counts(0)
  for (const args of [[], ['--planted']]) {
    const options = { deadlineMs: 6 * minuteMs, openPrivate: true }
    const { code, problem } = await runTypeScript(['scripts/explore.ts'], args, options)
    if (code === 0) result.passed++
    else {
      result.failed++
      result.failures.push(`${['explore', ...args].join(' ')}: ${problem ?? `status ${code}`}`)
    }
  }
  return result
}

async function fuzz() {
  // The same runs each time: what a machine finds here, everybody finds. `npm run fuzz` draws others.
  const { code, problem } = await runTypeScript(['scripts/fuzz.ts'], ['--seconds', '8', '--seed', '1'], {
    deadlineMs: 2 * minuteMs,
  })
  return code === 0 ? counts(1) : counts(0, [`fuzz: ${problem ?? `status ${code}`}`])
}

async function race() {
  const entries = ['race/main.ts', 'race/client-process.ts', 'race/server-process.ts']
  const args = ['--slice', 'ci', '--report', report('race-report.html')]
  const { code, problem } = await runTypeScript(entries, args, { deadlineMs: 4 * minuteMs })
  return code === 0 ? counts(1) : counts(0, [`race: ${problem ?? `status ${code}`}`])
}

async function soak() {
  const processes = [
    'cut',
    'takeover',
    'producer',
    'sessions-server',
    'sessions-clients',
    'forgotten-server',
    'killed',
    'restarted-server',
  ]
  const entries = ['soak/main.ts', ...processes.map((name) => `soak/${name}-process.ts`)]
  const { code, problem } = await runTypeScript(entries, ['--short'], { deadlineMs: 4 * minuteMs })
  return code === 0 ? counts(1) : counts(0, [`soak: ${problem ?? `status ${code}`}`])
}

async function bench() {
  const entries = ['bench/main.ts', 'bench/peer-process.ts']
  const workloads = '1/ws-64B,2/ws-1,3/ws-1,4/ws'
  const args = ['--quick', '--rounds', '1', '--only', workloads, '--report', report('bench-report.html')]
  const { code, problem } = await runTypeScript(entries, args, { deadlineMs: 4 * minuteMs })
  return code === 0 ? counts(1) : counts(0, [`bench: ${problem ?? `status ${code}`}`])
}

async function unit() {
  const file = report('vitest.json')
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  // One of the clients that are tested is Chromium; where there is none to be had, that test says so.
  const chromium = await ensureChromium().catch(() => undefined)
  const { code, problem } = await run(tool('vitest'), args, {
    env: chromium === undefined ? {} : { CHROMIUM_PATH: chromium },
    deadlineMs: 8 * minuteMs,
  })
  const told = read(file)
  if (!told) return counts(0, [`vitest left no report: ${problem ?? `status ${code}`}`])
  /** @type {{ status: string, fullName: string }[]} */
  const tests = told.testResults.flatMap((/** @type {any} */ suite) => suite.assertionResults)
  // A file that does not even load has no tests to count, and is a failure all the same.
  const broken = told.testResults.filter(
    (/** @type {any} */ suite) => suite.status === 'failed' && !suite.assertionResults.some(isFailed),
  )
  const failures = [
    ...tests.filter(isFailed).map((test) => test.fullName),
    ...broken.map(
      (/** @type {any} */ suite) => `${path.relative(inRoot(), suite.name)} did not load or clean up`,
    ),
  ]
  const passed = tests.filter((test) => test.status === 'passed').length
  const skipped = tests.length - passed - tests.filter(isFailed).length
  return consistent({ passed, failed: failures.length, skipped, failures }, 'vitest', code, problem)
}

async function endToEnd() {
  const chromium = await ensureChromium()
  await ensureEngines()
  const file = report('playwright.json')
  const { code, problem } = await run(tool('playwright'), ['test', '--reporter=list,json'], {
    env: { CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
    deadlineMs: 5 * minuteMs,
  })
  const told = read(file)
  if (!told) return counts(0, [`Playwright left no report: ${problem ?? `status ${code}`}`])
  const { expected, flaky, skipped, unexpected } = told.stats
  const failures = failedSpecs(told.suites)
  return consistent(
    { passed: expected + flaky, failed: unexpected, skipped, failures },
    'Playwright',
    code,
    problem,
  )
}

/**
 * Runs commands one after another, each counted, all of them whatever the others do. What one writes is shown if it fails.
 *
 * @param {string[][]} list tools of the workspace, or `node`, with their arguments
 * @returns {Promise<Counts>}
 */
async function commands(list) {
  const result = counts(0)
  for (const [name = '', ...args] of list) {
    const shown = [name, ...args].join(' ').replaceAll(inRoot() + path.sep, '')
    const program = name === 'node' ? process.execPath : tool(name)
    const { code, output, problem } = await run(program, args, { quiet: true, deadlineMs: 3 * minuteMs })
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${shown}`)
    if (code === 0) result.passed += 1
    else {
      console.log(output.trimEnd())
      result.failed += 1
      result.failures.push(`${shown}: ${problem ?? `status ${code}`}`)
    }
  }
  return result
}

/**
 * @param {Promise<unknown>} work counts as one
 * @returns {Promise<Counts>}
 */
async function whole(work) {
  await work
  return counts(1)
}

/**
 * @param {number} passed
 * @param {string[]} [failures]
 * @returns {Counts}
 */
function counts(passed, failures = []) {
  return { passed, failed: failures.length, skipped: 0, failures }
}

/**
 * A tool that ends with an error must not count as passed because its report names no failed test, nor because
 * it found no test at all.
 *
 * @param {Counts} told
 * @param {string} name
 * @param {number} code
 * @param {string | undefined} problem
 * @returns {Counts}
 */
function consistent(told, name, code, problem) {
  const { passed, failed, failures } = told
  const extra = []
  if (code !== 0 && failed === 0)
    extra.push(`${name}: ${problem ?? `status ${code}`}, with no failed test; see its output`)
  if (code === 0 && passed === 0) extra.push(`${name} ran no test`)
  return { ...told, failed: failed + extra.length, failures: [...failures, ...extra] }
}

/** @param {{ status: string }} test */
function isFailed(test) {
  return test.status === 'failed'
}

/**
 * @param {any[]} suites of Playwright's JSON report
 * @returns {string[]}
 */
function failedSpecs(suites = []) {
  return suites.flatMap((suite) => [
    ...suite.specs
      .filter((/** @type {any} */ spec) => !spec.ok)
      .map((/** @type {any} */ spec) => `${spec.file}: ${spec.title}`),
    ...failedSpecs(suite.suites),
  ])
}

/**
 * @param {string} name
 * @returns {string} where a report is to be written, with no older one in its place
 */
function report(name) {
  mkdirSync(cacheFolder, { recursive: true })
  const file = path.join(cacheFolder, name)
  rmSync(file, { force: true })
  return file
}

/** @param {string} file */
function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
