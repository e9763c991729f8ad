import { fileURLToPath } from 'node:url'

/** A file of a package, as it comes out of the tarball that would be published: `sdk/dist/lastword.global.js`. */
export function packed(file: string): string {
  return fileURLToPath(new URL(`../.packed/${file}`, import.meta.url))
}
