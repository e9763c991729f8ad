import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** A path in the repository. The demo is bundled into a folder of its own, so that it has to look for the root. */
export function inRepository(...parts: string[]): string {
  root ??= findRoot()
  return path.join(root, ...parts)
}

let root: string | undefined

function findRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'pnpm-workspace.yaml'))) {
    const parent = path.dirname(folder)
    if (parent === folder) throw new Error('the demo does not lie in a clone of the repository')
    folder = parent
  }
  return folder
}
