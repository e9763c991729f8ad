import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { inRoot, publicPackages } from './root.mjs'

/**
 * Loads every entry of every built package both ways, as a module and as CommonJS, and compares what they
 * export. Browser entries are loaded as well: a page that is rendered on a server imports them in Node, so
 * they must not touch the browser before they are used.
 */

/** @typedef {{ import: { default: string }, require: { default: string } }} Both */

let loaded = 0
let failed = 0
for (const name of publicPackages) {
  const folder = inRoot('packages', name)
  const require = createRequire(path.join(folder, 'package.json'))
  const { name: published, exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  for (const [entry, target] of Object.entries(exports)) {
    for (const [condition, both] of [
      ['', target],
      ['browser', target.browser],
    ]) {
      if (both?.import) await compare(`${published} ${entry} ${condition}`.trim(), both, folder, require)
    }
  }
}
console.log(`${loaded} entries load, ${failed} do not.`)
process.exitCode = failed > 0 || loaded === 0 ? 1 : 0

/**
 * @param {string} name
 * @param {Both} both
 * @param {string} folder
 * @param {NodeJS.Require} require
 */
async function compare(name, both, folder, require) {
  try {
    const imported = await import(pathToFileURL(path.join(folder, both.import.default)).href)
    const required = require(path.join(folder, both.require.default))
    const [one, other] = [imported, required].map((exported) => Object.keys(exported).sort().join(', '))
    if (one !== other)
      throw new Error(`import gives ${one || 'nothing'}; require gives ${other || 'nothing'}`)
    loaded += 1
  } catch (error) {
    failed += 1
    console.log(`${name}:`, error)
  }
}
