import { existsSync } from 'node:fs'
import { packed } from './packed.ts'

/** What the specs and the servers in them load, one file of each. */
const needed = [
  packed('sdk/dist/lastword.global.js'),
  packed('sdk/dist/lastword.esm.js'),
  packed('../packages/server-adapter/dist/index.js'),
]

/** Says what is missing before any spec fails of it. */
export default function packedBuild(): void {
  if (needed.every((file) => existsSync(file))) return
  throw new Error('The specs run against the packed build, and there is none: `npm run pack` makes it.')
}
