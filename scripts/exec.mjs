#!/usr/bin/env node
import path from 'node:path'
import process from 'node:process'
import { run } from './child.mjs'
import { ensureInstalled } from './install.mjs'
import { inRoot, isMain } from './root.mjs'

/**
 * Runs one of the workspace's own tools, after an install if one is needed.
 *
 *     node scripts/exec.mjs vitest run packages/transport
 */

/**
 * @param {string} name the tool's name in `node_modules/.bin`
 * @returns {string} its path
 */
export function tool(name) {
  return path.join(inRoot('node_modules', '.bin'), process.platform === 'win32' ? `${name}.cmd` : name)
}

if (isMain(import.meta.url)) {
  const [name, ...args] = process.argv.slice(2)
  try {
    if (!name) throw new Error('usage: node scripts/exec.mjs <tool> [arguments]')
    await ensureInstalled()
    const { code, problem } = await run(tool(name), args)
    if (problem) console.error(`${name} ${problem}`)
    process.exitCode = code
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
