import { realpathSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** The packages that are published, each after those it depends on. */
export const publicPackages = [
  'protocol',
  'transport',
  'session',
  'sdk',
  'server-adapter',
  'testkit',
  'ladder',
]

/** Where the scripts keep what can be thrown away. */
export const cacheFolder = path.join(root, 'node_modules', '.cache', 'lastword')

/**
 * @param {...string} parts
 * @returns {string} an absolute path below the root
 */
export function inRoot(...parts) {
  return path.join(root, ...parts)
}

/**
 * @param {string} url a script's `import.meta.url`
 * @returns {boolean} true if Node was started on that script, rather than on one that imports it
 */
export function isMain(url) {
  const started = process.argv[1]
  return started !== undefined && realpathSync(started) === fileURLToPath(url)
}
