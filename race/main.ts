import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { runLab } from './lab.ts'
import { parseOptions, type RaceOptions } from './options.ts'
import { createProgress } from './progress.ts'
import { renderReport } from './report-html.ts'
import { stacksOf } from './stacks.ts'
import { renderBroken, renderSummary, renderTable, summaryOf } from './table.ts'
import { brokenPromises, type CellResult } from './verdict.ts'

process.exitCode = await direct(process.argv.slice(2))

/** The process that a person starts: reads the options, directs the others, shows the results. */
async function direct(args: string[]): Promise<number> {
  const parsed = parseOptions(args)
  if (parsed.kind === 'help') {
    console.log(parsed.text)
    return 0
  }
  if (parsed.kind === 'error') {
    console.error(`race: ${parsed.message}\nTry: npm run race -- --help`)
    return 2
  }
  const { options } = parsed
  const interrupt = new AbortController()
  process.on('SIGINT', () => {
    // The second one means it.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  })
  const startedAt = performance.now()
  const progress = createProgress(totalRounds(options), options.cells.length)
  const results = await runLab(options, progress, interrupt.signal).finally(() => progress.end())
  const seconds = (performance.now() - startedAt) / 1000
  const interrupted = interrupt.signal.aborted
  const broken = brokenPromises(results)

  console.log(
    [
      `Lost answers of ${options.rounds} rounds: bare ws, closeAfterPong, lastword. - where a stack does not play,`,
      '! where a report was false, ? where the cell was given up.',
      '',
      renderTable(results),
      '',
      renderSummary(results),
      '',
      ...(broken.length === 0 ? [] : [renderBroken(results), '']),
      verdictOf(broken.length, results, interrupted),
      `${results.length} cells in ${seconds.toFixed(0)} s.`,
    ].join('\n'),
  )
  const report = await writeReport(
    options,
    renderReport({ results, seconds, interrupted, rounds: options.rounds }),
  )
  console.log(
    report.ok
      ? `Report: ${report.path}`
      : `The report could not be written to ${report.path}: ${report.reason}`,
  )
  if (options.json) {
    const byCondition = summaryOf(results, ({ condition }) => condition)
    const kept = broken.length === 0
    console.log(
      JSON.stringify({
        kept,
        interrupted,
        seconds: Math.round(seconds),
        rounds: options.rounds,
        byCondition,
        results,
      }),
    )
  }
  if (interrupted) return 130
  return broken.length === 0 && report.ok ? 0 : 1
}

function verdictOf(broken: number, results: readonly CellResult[], interrupted: boolean): string {
  if (interrupted) return 'Interrupted before the end.'
  if (broken > 0) return `Not kept: ${broken} ${broken === 1 ? 'promise' : 'promises'}, told above.`
  const plain = results.some(({ tallies }) => tallies.pong !== undefined)
  const rest = plain ? ', and closeAfterPong lost nothing where the network delivers' : ''
  return `lastword lost nothing and reported nothing that is not so${rest}.`
}

function totalRounds({ cells, rounds }: RaceOptions): number {
  return cells.reduce((sum, cell) => sum + stacksOf(cell).length * rounds, 0)
}

async function writeReport(
  options: RaceOptions,
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
