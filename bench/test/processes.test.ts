import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withDeadline } from '../harness/deadline.ts'

/** For a machine that is busy with other tests; the work itself takes seconds. */
const runMs = 50_000

let folder: string
let bench: ChildProcess | undefined

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lastword-bench-'))
})

afterEach(async () => {
  bench?.kill('SIGKILL')
  bench = undefined
  await rm(folder, { recursive: true, force: true })
})

/**
 * Runs the real bench. Resolves when its output has ended, which every process of it holds open: none of them is left by then.
 *
 * @param onProgress called with what it writes to stderr
 */
async function run(args: string[], onProgress = (_text: string) => {}) {
  const program = ['scripts/run.mjs', 'bench/main.ts', '--with', 'bench/peer-process.ts']
  const report = path.join(folder, 'report.html')
  const child = spawn(process.execPath, [...program, ...args, '--report', report], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  bench = child
  let output = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => onProgress(String(data)))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const code = await withDeadline(ended, runMs, 'the bench and its processes to end')
  return { code, output, report }
}

describe('the bench, run for real', () => {
  it('measures everybody, prints nothing but JSON when asked to, and leaves a report and no process', async () => {
    const { code, output, report } = await run(['--quick', '--rounds=1', '--only=requests/ws-100', '--json'])
    expect(code).toBe(0)
    const [workload] = JSON.parse(output).cases[0].workloads
    expect(workload.contenders.map(({ id }: { id: string }) => id)).toContain('lastword')
    for (const { failure, figures } of workload.contenders) {
      expect(failure).toBeUndefined()
      expect(figures.perSecond.median).toBeGreaterThan(0)
      expect(figures.cpuSecondsPerMillion.median).toBeGreaterThan(0)
    }
    expect(await readFile(report, 'utf8')).toContain('lastword request()')
  })

  it('that is interrupted ends its processes and prints what there is', async () => {
    // A second interrupt would mean: at once, with nothing printed.
    let interrupted = false
    const { code, output, report } = await run(['--only=requests/ws-100', '--json'], (text) => {
      if (interrupted || !text.includes('requests/ws-100: ')) return
      interrupted = true
      bench?.kill('SIGINT')
    })
    expect(code).toBe(130)
    expect(JSON.parse(output)).toMatchObject({ interrupted: true, cases: [{ id: 'requests' }] })
    expect(await readFile(report, 'utf8')).toContain('interrupted')
  })
})
