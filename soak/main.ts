import { parseOptions, type SoakOptions } from './options.ts'
import type { Part } from './part.ts'
import { parts } from './parts.ts'
import { createProgress } from './progress.ts'

process.exitCode = await main(process.argv.slice(2))

/** The process that a person starts: runs the parts one after the other and says how each one went. */
async function main(args: string[]): Promise<number> {
  const parsed = parseOptions(args, parts)
  if (parsed.kind === 'help') {
    console.log(parsed.text)
    return 0
  }
  if (parsed.kind === 'error') {
    console.error(`soak: ${parsed.message}\nTry: npm run soak -- --help`)
    return 2
  }
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second one means it.
      if (interrupt.signal.aborted) process.exit(130)
      interrupt.abort()
    })
  }
  let failed = 0
  for (const part of parsed.options.parts) {
    if (interrupt.signal.aborted) break
    if (!(await runPart(part, parsed.options, interrupt.signal))) failed += 1
  }
  if (interrupt.signal.aborted) {
    console.log('Interrupted before the end.')
    return 130
  }
  return failed === 0 ? 0 : 1
}

async function runPart(part: Part, options: SoakOptions, signal: AbortSignal): Promise<boolean> {
  const progress = createProgress(part.name)
  const startedAt = performance.now()
  const { short, replay } = options
  let line: string
  let kept = true
  try {
    line = await part.run({
      short,
      replay,
      signal,
      progress: progress.at,
      log(text) {
        progress.clear()
        console.log(text)
      },
    })
  } catch (error) {
    if (signal.aborted) return false
    kept = false
    line = error instanceof Error ? error.message : String(error)
  } finally {
    progress.clear()
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  console.log(`${kept ? 'ok  ' : 'FAIL'} ${part.name}: ${line} (${seconds} s)`)
  return kept
}
