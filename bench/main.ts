import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { cases } from './cases.ts'
import { endEveryPeer, profileInto } from './harness/peer.ts'
import type { CaseResult } from './harness/results.ts'
import { isWhole, runCases, workloadsOf } from './harness/run-cases.ts'
import { targetsOf } from './harness/targets.ts'
import { parseOptions, type RunOptions } from './options.ts'
import { createProgress } from './progress.ts'
import { renderHtml } from './report/html.ts'
import { jsonOf } from './report/json.ts'
import { machineOfThis } from './report/machine.ts'
import { renderMarkdown } from './report/markdown.ts'
import type { RunReport } from './report/run-report.ts'
import { renderText } from './report/tables.ts'
import { installedVersions } from './report/versions.ts'

process.exitCode = await direct(process.argv.slice(2))

/** The process that a person starts: reads the options, has the cases measured, shows the results. */
async function direct(args: string[]): Promise<number> {
  const parsed = parseOptions(args, cases)
  if (parsed.kind === 'help') {
    console.log(parsed.text)
    return 0
  }
  if (parsed.kind === 'error') {
    console.error(`bench: ${parsed.message}\nTry: npm run bench -- --help`)
    return 2
  }
  const { options } = parsed
  if (options.profile !== undefined) profileInto(resolve(options.profile))
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second one means it. The processes of the bench end with this one.
      if (interrupt.signal.aborted) process.exit(130)
      interrupt.abort(new Error('interrupted'))
    })
  }
  const report = await measure(options, interrupt.signal)
  print(report, options)
  const written = await writeReport(report, resolve(options.report))
  if (report.interrupted) return 130
  return isWhole(report.results) && written ? 0 : 1
}

async function measure(options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const startedAt = new Date().toISOString()
  const began = performance.now()
  const total = cases.reduce((sum, benchCase) => sum + workloadsOf(benchCase, options).length, 0)
  const progress = createProgress(total)
  let results: CaseResult[]
  try {
    results = await runCases(cases, options, signal, progress)
  } finally {
    progress.end()
    await endEveryPeer()
  }
  return {
    startedAt,
    seconds: Math.round((performance.now() - began) / 1000),
    quick: options.quick,
    interrupted: signal.aborted,
    machine: machineOfThis(),
    versions: installedVersions(),
    targets: results.flatMap(targetsOf),
    results,
  }
}

function print(report: RunReport, { json, markdown }: RunOptions): void {
  if (json) console.log(JSON.stringify(jsonOf(report), null, 2))
  else if (markdown) console.log(renderMarkdown(report))
  else console.log(renderText(report.results, report.targets))
  if (report.interrupted) console.error('Interrupted before the end.')
}

/** Tells on stderr where it is, so that stdout holds only results. */
async function writeReport(report: RunReport, path: string): Promise<boolean> {
  try {
    await writeFile(path, renderHtml(report))
    console.error(`Report: ${path}`)
    return true
  } catch (error) {
    console.error(
      `The report could not be written to ${path}: ${error instanceof Error ? error.message : error}`,
    )
    return false
  }
}
