#!/usr/bin/env node
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { run } from './child.mjs'
import { ensureInstalled } from './install.mjs'
import { isMain, root } from './root.mjs'

/**
 * Runs a TypeScript program of the workspace with no build before it.
 *
 *     node scripts/run.mjs <entry.ts> [--with <other.ts>]... [--open-private] [arguments of the program]
 *
 * The program is bundled from the packages' sources (the `@lastword/source` condition); npm packages stay
 * where they are. Each entry becomes `<name>.mjs` in one folder, so that a program starts another one, given
 * by `--with`, as `new URL('./<name>.mjs', import.meta.url)`. The folder lies below the `node_modules` of the
 * package that owns the entry, so that packages are found from there too, and goes when the program ends.
 * `--open-private`: the protocol's private names are ordinary properties (see open-private.mjs).
 */

/**
 * @param {string[]} entries paths from the root; the first one is the program
 * @param {string[]} args
 * @param {import('./child.mjs').RunOptions & { openPrivate?: boolean }} [options]
 * @returns {Promise<import('./child.mjs').RunResult>}
 */
export async function runTypeScript(entries, args, options) {
  const files = entries.map((entry) => path.resolve(root, entry))
  for (const file of files)
    if (!existsSync(file)) throw new Error(`There is no ${path.relative(root, file)}.`)
  const main = files[0]
  if (!main) throw new Error('No program was named.')
  await ensureInstalled()
  const folder = path.join(ownerOf(main), 'node_modules', '.cache', `${nameOf(main)}-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  try {
    await bundle(files, folder, options?.openPrivate === true)
    return await run(
      process.execPath,
      ['--enable-source-maps', path.join(folder, `${nameOf(main)}.mjs`), ...args],
      options,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string[]} files
 * @param {string} folder
 * @param {boolean} openPrivate
 */
async function bundle(files, folder, openPrivate) {
  // Imported here: it is there only after the install.
  const { build } = await import('esbuild')
  const plugins = [npmPackagesStayOutside]
  if (openPrivate) plugins.push((await import('./open-private.mjs')).privateNamesOpened)
  await build({
    entryPoints: Object.fromEntries(files.map((file) => [nameOf(file), file])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // One entry stays one file, so that it can start itself again by `import.meta.url`.
    splitting: files.length > 1,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'inline',
    sourcesContent: false,
    conditions: ['@lastword/source'],
    logLevel: 'warning',
    plugins,
  })
}

/**
 * An npm package is imported by its absolute URL, as the file that imports it would find it: with pnpm's strict
 * layout the bundle's own place would find only what its owner depends on.
 *
 * @type {import('esbuild').Plugin}
 */
const npmPackagesStayOutside = {
  name: 'npm-packages-stay-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async (request) => {
      if (request.pluginData === 'asked' || request.kind === 'entry-point') return undefined
      if (/^(@lastword\/|lastword-)/.test(request.path)) return undefined
      const { kind, importer, resolveDir } = request
      const found = await build.resolve(request.path, { kind, importer, resolveDir, pluginData: 'asked' })
      if (found.errors.length > 0) return { errors: found.errors }
      if (found.external) return { path: found.path, external: true }
      return { path: pathToFileURL(found.path).href, external: true }
    })
  },
}

/** @param {string} file */
function nameOf(file) {
  return path.basename(file).replace(/\.[^.]+$/, '')
}

/**
 * @param {string} file
 * @returns {string} the nearest folder above it that has a package.json
 */
function ownerOf(file) {
  let folder = path.dirname(file)
  while (
    folder !== root &&
    folder !== path.dirname(folder) &&
    !existsSync(path.join(folder, 'package.json'))
  ) {
    folder = path.dirname(folder)
  }
  return folder
}

if (isMain(import.meta.url)) {
  const [entry, ...rest] = process.argv.slice(2)
  const entries = entry ? [entry] : []
  while (rest[0] === '--with' && rest[1]) entries.push(...rest.splice(0, 2).slice(1))
  try {
    if (!entry) throw new Error('usage: node scripts/run.mjs <entry.ts> [--with <other.ts>]... [arguments]')
    const openPrivate = rest[0] === '--open-private'
    if (openPrivate) rest.shift()
    const { code } = await runTypeScript(entries, rest, { openPrivate })
    process.exitCode = code
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
