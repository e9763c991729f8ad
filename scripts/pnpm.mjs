#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { run } from './child.mjs'
import { inRoot, isMain } from './root.mjs'

/**
 * Runs the pnpm that package.json pins, on a machine that has only Node and npm.
 *
 *     node scripts/pnpm.mjs install
 */

/**
 * @param {string[]} args
 * @param {import('./child.mjs').RunOptions} [options]
 * @returns {Promise<import('./child.mjs').RunResult>}
 */
export function pnpm(args, options = {}) {
  return run('npx', ['--yes', pinned(), ...args], {
    ...options,
    // Without a terminal pnpm asks nothing when CI is set, and stops with an error when it is not.
    env: { CI: 'true', ...options.env },
  })
}

/** @returns {string} such as `pnpm@12.21.0` */
function pinned() {
  const { packageManager } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  if (!/^pnpm@\d+\.\d+\.\d+/.test(packageManager)) {
    throw new Error(`package.json: "packageManager" is ${packageManager}; it must name one version of pnpm.`)
  }
  return packageManager.split('+')[0]
}

if (isMain(import.meta.url)) {
  const { code, problem } = await pnpm(process.argv.slice(2))
  if (problem) console.error(`pnpm ${problem}`)
  process.exitCode = code
}
