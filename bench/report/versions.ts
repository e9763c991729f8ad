import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const names = ['ws', 'socket.io', 'socket.io-client', 'rpc-websockets', 'mqtt', 'aedes', 'bufferutil']

/** The versions of the packages that take part, as they are installed. */
export function installedVersions(): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]))
}

/** A package need not export its package.json, so it is looked for above the package's entry. */
function versionOf(name: string): string {
  try {
    for (let url = new URL('.', import.meta.resolve(name)); url.pathname !== '/'; url = new URL('..', url)) {
      const found = read(new URL('package.json', url))
      if (found?.name === name && found.version !== undefined) return found.version
    }
  } catch {
    // What is not installed has failed as a contender, which says more.
  }
  return 'not found'
}

function read(url: URL): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(fileURLToPath(url), 'utf8'))
  } catch {
    return undefined
  }
}
