import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { atTheEnd } from './harness.ts'

export interface Child {
  /** What it said, in order. */
  said: unknown[]
  /** `at`: by the clock that the child has too. */
  exit: { code: number | null; at: number } | undefined
  tell(what: unknown): void
}

/** Runs a program of the folder `children` in a process of its own, from its source. It ends with the test. */
export async function run(program: URL, argument: unknown): Promise<Child> {
  const folder = await mkdtemp(join(tmpdir(), 'lastword-'))
  atTheEnd(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'program.cjs')
  await build({
    entryPoints: [fileURLToPath(program)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@lastword/source'],
    logLevel: 'error',
  })
  const child = fork(file, [JSON.stringify(argument)], { execArgv: [] })
  const made: Child = { said: [], exit: undefined, tell: (what) => child.send(what as never) }
  child.on('message', (message) => made.said.push(message))
  child.on('exit', (code) => {
    made.exit = { code, at: Date.now() }
  })
  atTheEnd(() => child.kill('SIGKILL'))
  return made
}
