#!/usr/bin/env node
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { pnpm } from './pnpm.mjs'
import { cacheFolder, inRoot, isMain } from './root.mjs'

const nodeOldest = [20, 19]
const deadlineMs = 10 * 60_000

/** Says which lockfile, Node and machine `node_modules` was made for. */
const stampFile = path.join(cacheFolder, 'installed')

/**
 * Installs what the lockfile says, unless that has been done. Needs nothing but Node and npm.
 *
 * @returns {Promise<'installed' | 'present'>} what it found
 * @throws if the install fails, with what to do about it
 */
export async function ensureInstalled() {
  checkNode()
  const wanted = stamp()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return 'present'
  console.error('Installing the dependencies that pnpm-lock.yaml names ...')
  const { code, problem } = await pnpm(['install', '--frozen-lockfile'], { deadlineMs })
  if (code !== 0) throw new Error(failure(code, problem))
  mkdirSync(cacheFolder, { recursive: true })
  writeFileSync(stampFile, wanted)
  return 'installed'
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = nodeOldest
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new Error(
    `This is Node ${process.versions.node}; the workspace needs ${nodeOldest.join('.')} or newer.`,
  )
}

/** @returns {string} */
function stamp() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(inRoot(file)))
  return `${hash.digest('hex')} ${process.version} ${process.platform} ${process.arch}\n`
}

/**
 * @param {number} code
 * @param {string | undefined} problem
 */
function failure(code, problem) {
  return [
    `The install failed: pnpm ${problem ?? `ended with status ${code}`}. Its own words are above.`,
    '  - No network, or a registry behind a proxy: `npm ping` says whether npm reaches its registry; pnpm uses the',
    '    same settings (`npm config list`).',
    '  - "lockfile is not up to date": a package.json was edited; run `node scripts/pnpm.mjs install --no-frozen-lockfile`',
    '    and commit pnpm-lock.yaml.',
    '  - `npx` was not found: npm is missing; it comes with Node.',
    '  - A half-made node_modules: remove it and try again.',
  ].join('\n')
}

if (isMain(import.meta.url)) {
  try {
    if ((await ensureInstalled()) === 'present') console.error('The dependencies are installed.')
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
