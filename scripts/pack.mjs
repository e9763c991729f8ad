#!/usr/bin/env node
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { run } from './child.mjs'
import { pnpm } from './pnpm.mjs'
import { inRoot, isMain, publicPackages } from './root.mjs'

/**
 * Packs the built packages exactly as they would be published: `.packed/<name>.tgz`, and the same unpacked in
 * `.packed/<name>/`. What is checked and what a browser is given is then what a user would get.
 */

const folder = inRoot('.packed')

/**
 * @param {string} name a package's folder name
 * @returns {string}
 */
export function tarball(name) {
  return path.join(folder, `${name}.tgz`)
}

/** @throws if a package has not been built, or does not pack */
export async function pack() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const name of publicPackages) {
    if (!existsSync(inRoot('packages', name, 'dist'))) {
      throw new Error(`packages/${name} has no dist: run \`npm run build\` first.`)
    }
    const packed = await pnpm(['--dir', inRoot('packages', name), 'pack', '--out', tarball(name)], {
      quiet: true,
    })
    if (packed.code !== 0) throw new Error(`packages/${name} does not pack:\n${packed.output}`)
    const unpacked = await run('tar', ['-xzf', tarball(name), '-C', folder], { quiet: true })
    if (unpacked.code !== 0) throw new Error(`${tarball(name)} does not unpack:\n${unpacked.output}`)
    renameSync(path.join(folder, 'package'), path.join(folder, name))
  }
}

if (isMain(import.meta.url)) {
  try {
    await pack()
    console.log(`${publicPackages.length} packages are in .packed/.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
