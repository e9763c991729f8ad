import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('fixed-heap/program.ts', import.meta.url))
const script = fileURLToPath(new URL(`../node_modules/.cache/fixed-heap-${process.pid}.mjs`, import.meta.url))
const mebibyte = 1024 * 1024
const totalMiB = 1024

beforeAll(() =>
  build({
    entryPoints: [program],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    conditions: ['@lastword/source'],
    logLevel: 'silent',
  }),
)
afterAll(() => rm(script, { force: true }))

interface Told {
  moved: number
  /** How often the slow side stopped. */
  stops: number
  mostHeld: number
  grownMiB: number
}

/** Runs the program with 48 MiB of heap. Buffers live outside it, so the resident size is looked at as well. */
async function run(direction: 'send' | 'receive'): Promise<Told> {
  const args = ['--max-old-space-size=48', script, direction, String(totalMiB)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 45_000 })
  return JSON.parse(stdout)
}

test('1 GiB goes to a peer that stalls again and again, and the sender holds next to nothing of it', async () => {
  const told = await run('send')
  expect(told.moved).toBe(totalMiB * mebibyte)
  expect(told.stops).toBe(16)
  expect(told.mostHeld).toBeLessThan(mebibyte / 4)
  expect(told.grownMiB).toBeLessThan(200)
})

test('1 GiB comes to an application that is slow, and the receiver keeps next to nothing of it', async () => {
  const told = await run('receive')
  expect(told.moved).toBeGreaterThanOrEqual(totalMiB * mebibyte)
  expect(told.stops).toBe(16)
  expect(told.grownMiB).toBeLessThan(200)
})
