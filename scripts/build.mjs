#!/usr/bin/env node
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import process from 'node:process'
import { run } from './child.mjs'
import { tool } from './exec.mjs'
import { ensureInstalled } from './install.mjs'
import { inRoot, isMain, publicPackages } from './root.mjs'
import { runTypeScript } from './run.mjs'

/**
 * Builds every published package into its `dist`, and puts the documents that travel with
 * `@lastword/protocol` into place: PROTOCOL.md from the root, schema.json from the zod schemas.
 *
 * @throws if a part of it fails
 */
export async function build() {
  await ensureInstalled()
  for (const name of publicPackages)
    rmSync(inRoot('packages', name, 'dist'), { recursive: true, force: true })
  const schema = 'packages/protocol/scripts/json-schema.ts'
  if (existsSync(inRoot(schema)))
    await succeed(runTypeScript([schema], ['packages/protocol/schema.json']), 'The JSON Schema')
  if (existsSync(inRoot('PROTOCOL.md')))
    copyFileSync(inRoot('PROTOCOL.md'), inRoot('packages/protocol/PROTOCOL.md'))
  await succeed(run(tool('rollup'), ['--config', 'rollup.config.mjs', '--silent']), 'The bundle')
}

/**
 * @param {Promise<import('./child.mjs').RunResult>} part
 * @param {string} what
 */
async function succeed(part, what) {
  const { code, problem } = await part
  if (code !== 0)
    throw new Error(`${what} could not be built: ${problem ?? `status ${code}`}; the reason is above.`)
}

if (isMain(import.meta.url)) {
  try {
    await build()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
