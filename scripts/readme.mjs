import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { inRoot } from './root.mjs'

/**
 * Puts the programs of `examples/quickstart` into the README, so that what it shows is what is run. With `--check`
 * it changes nothing, and fails if they differ.
 */

const marked = /<!-- (examples\/quickstart\/[\w.]+) -->\n```(\w+)\n[\s\S]*?```/g

const file = inRoot('README.md')
const before = readFileSync(file, 'utf8')
const after = before.replace(marked, (_, path, language) => {
  const program = readFileSync(inRoot(path), 'utf8')
  return `<!-- ${path} -->\n\`\`\`${language}\n${program}\`\`\``
})

if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('README.md does not show examples/quickstart as it is. Run: node scripts/readme.mjs')
    process.exit(1)
  }
} else writeFileSync(file, after)
