import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { inRoot } from './root.mjs'

/**
 * Bundles the protocol's sources with their private names opened: `#name` becomes `_$name`, an ordinary property. Not
 * one other character is changed. What can see a machine whole can copy it and compare it, with nothing forgotten.
 *
 * The names are found by the compiler's parser, not by a pattern, so that a `#` in a string or a comment stays.
 *
 * @type {import('esbuild').Plugin}
 */
export const privateNamesOpened = {
  name: 'private-names-opened',
  setup(build) {
    const folder = inRoot('packages', 'protocol', 'src') + path.sep
    build.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      if (!file.startsWith(folder)) return undefined
      return { contents: opened(readFileSync(file, 'utf8')), loader: 'ts' }
    })
  },
}

/**
 * @param {string} source TypeScript
 * @returns {string} the same with its private names opened
 */
export function opened(source) {
  const ts = compiler()
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.ESNext, true)
  /** @type {number[]} */
  const places = []
  /** @param {import('@typescript/typescript6').Node} node */
  const visit = (node) => {
    if (ts.isPrivateIdentifier(node)) {
      // `#name in object` asks for a brand, which an ordinary property is not.
      if (ts.isBinaryExpression(node.parent)) throw new Error(`${node.text} in …: not understood here`)
      places.push(node.getStart(file))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  let text = ''
  let from = 0
  for (const place of places) {
    text += `${source.slice(from, place)}_$`
    from = place + 1
  }
  text += source.slice(from)
  // Nothing else may differ: closing the names again gives the source back.
  if (source.includes('_$') || text.replaceAll('_$', '#') !== source) {
    throw new Error('a source could not be opened without changing something else in it')
  }
  return text
}

/** @returns {typeof import('@typescript/typescript6')} */
function compiler() {
  return createRequire(import.meta.url)('@typescript/typescript6')
}
