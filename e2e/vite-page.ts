import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from 'vite'
import { packed } from './packed.ts'
import type { Site } from './site.ts'

/** What the SDK's tarball brings with it in a project: its dependencies of ours, and the one that a page loads. */
const ours = ['sdk', 'session', 'transport', 'protocol']

const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>lastword</title></head>
  <body><output></output><script type="module" src="./main.js"></script></body>
</html>
`

const program = `
import * as lastword from '@lastword/sdk'
window.lastword = lastword
const session = lastword.connect('/ws')
const answer = await session.request('offer', 'my offer')
const { clean } = await session.close()
document.querySelector('output').value = answer + ', ' + (clean ? 'clean' : 'not clean')
`

/** A page as Vite has built it. */
export interface VitePage {
  url: string
  /** Name and text of each script. */
  scripts: Map<string, string>
}

/**
 * Makes a project in `folder`, whose page imports the packed SDK from its `node_modules`, has Vite build it as it
 * does by itself, and publishes what comes out.
 */
export async function publishVitePage(site: Site, folder: string): Promise<VitePage> {
  const modules = path.join(folder, 'node_modules')
  for (const name of ours) {
    await cp(packed(name), path.join(modules, '@lastword', name), { recursive: true })
  }
  const ofSdk = createRequire(packed('../packages/sdk/package.json'))
  await cp(path.dirname(ofSdk.resolve('nanoid/package.json')), path.join(modules, 'nanoid'), {
    recursive: true,
  })
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  await writeFile(path.join(folder, 'index.html'), html)
  await writeFile(path.join(folder, 'main.js'), program)
  await build({ root: folder, configFile: false, logLevel: 'warn', build: { sourcemap: true } })

  const built = path.join(folder, 'dist')
  const scripts = new Map<string, string>()
  for (const name of await readdir(built, { recursive: true })) {
    if (!/\.(html|js|map)$/.test(name)) continue
    const content = await readFile(path.join(built, name), 'utf8')
    site.publish(`/${name}`, content)
    if (name.endsWith('.js')) scripts.set(name, content)
  }
  return { url: `${site.origin}/index.html`, scripts }
}
