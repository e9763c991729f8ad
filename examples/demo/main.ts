import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { endWithParent, roleVariable } from './child.ts'
import { clientProcess } from './client-process.ts'
import { lastwordLostNothing } from './figures.ts'
import { type DemoOptions, parseOptions } from './options.ts'
import { createProgress } from './progress.ts'
import { renderReport } from './report-html.ts'
import { roundsOf, rowById } from './rows.ts'
import { runDemo } from './run-demo.ts'
import { serve } from './serve/serve.ts'
import { serverProcess } from './server-process.ts'
import { stacks } from './stack-list.ts'
import { renderRemarks, renderTable } from './table.ts'

const role = process.env[roleVariable]
if (role === 'client' || role === 'server') {
  endWithParent()
  if (role === 'client') clientProcess()
  else serverProcess()
} else {
  process.exitCode = await direct(process.argv.slice(2))
}

/** The process that a person starts: reads the options, directs the others, shows the results. */
async function direct(args: string[]): Promise<number> {
  const parsed = parseOptions(args)
  if (parsed.kind === 'help') {
    console.log(parsed.text)
    return 0
  }
  if (parsed.kind === 'error') {
    console.error(`demo: ${parsed.message}\nTry: npm run demo -- --help`)
    return 2
  }
  const interrupt = new AbortController()
  const onSignal = () => {
    // The second one means it.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  }
  process.on('SIGINT', onSignal)
  if (parsed.kind === 'serve') {
    process.on('SIGTERM', onSignal)
    const status = await serve(parsed.options, interrupt.signal)
    // libdatachannel's threads would hold the process up.
    process.exit(status)
  }
  const { options } = parsed
  const startedAt = performance.now()
  const progress = createProgress(totalRounds(options))
  const { cells, ladder, platform } = await runDemo(options, progress, interrupt.signal).finally(() =>
    progress.end(),
  )
  const seconds = (performance.now() - startedAt) / 1000

  console.log(renderTable(cells))
  const remarks = renderRemarks(cells)
  if (remarks !== '') console.log(`\n${remarks}`)
  const lostNothing = lastwordLostNothing(cells, options.rows)
  const interrupted = interrupt.signal.aborted
  const report = await writeReport(options, renderReport({ cells, ladder, platform, seconds, interrupted }))
  console.log(
    [
      '',
      `Time: from the Offer being ready, with no connection yet, to the Answer in the application's hands.`,
      `Platform WebSocket: ${platform || 'not started'}. Took ${seconds.toFixed(0)} s.`,
      lostNothing
        ? 'lastword lost nothing.'
        : interrupted
          ? 'Interrupted before the end.'
          : 'lastword did not deliver every Answer.',
      ...(report.ok
        ? [`Report: ${report.path}`]
        : [`The report could not be written to ${report.path}: ${report.reason}`]),
    ].join('\n'),
  )
  if (options.json) {
    const result = { lostNothing, interrupted, seconds, platform, cells }
    console.log(JSON.stringify(result, thousandths))
  }
  if (interrupted) return 130
  return lostNothing && report.ok ? 0 : 1
}

function totalRounds(options: DemoOptions): number {
  return options.rows.reduce((sum, id) => sum + roundsOf(rowById(id), options.rounds), 0) * stacks.length
}

/** Times are not known to more than a microsecond. */
function thousandths(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}

async function writeReport(
  options: DemoOptions,
  html: string,
): Promise<{ ok: true; path: string } | { ok: false; path: string; reason: string }> {
  const path = resolve(options.report)
  try {
    await writeFile(path, html)
    return { ok: true, path }
  } catch (error) {
    return { ok: false, path, reason: error instanceof Error ? error.message : String(error) }
  }
}
