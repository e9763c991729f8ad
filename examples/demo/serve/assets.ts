import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { build } from 'esbuild'
import { inRepository } from './repository.ts'

/** A file of the page, in memory. */
export interface Asset {
  type: string
  body: string | Buffer
}

export interface Assets {
  /** By their paths. */
  files: ReadonlyMap<string, Asset>
  /** When the SDK was built. */
  builtAt: Date
}

const javaScript = 'text/javascript; charset=utf-8'

/** All files of the page: its own, and the SDK as `npm run build` makes it for script tags. */
export async function loadAssets(): Promise<Assets> {
  const [sdk, scripts] = await Promise.all([builtSdk(), pageScripts()])
  const page = (name: string) => readFile(inRepository('examples/demo/page', name), 'utf8')
  const files = new Map<string, Asset>([
    ['/', { type: 'text/html; charset=utf-8', body: await page('index.html') }],
    ['/page.css', { type: 'text/css; charset=utf-8', body: await page('page.css') }],
    ['/icon.svg', { type: 'image/svg+xml', body: await page('icon.svg') }],
    ...scripts.map(([name, body]): [string, Asset] => [`/${name}`, { type: javaScript, body }]),
    ['/lastword.global.js', { type: javaScript, body: await readFile(sdk) }],
    ['/lastword.global.js.map', { type: 'application/json', body: await readFile(`${sdk}.map`) }],
  ])
  return { files, builtAt: (await stat(sdk)).mtime }
}

/** @throws if the SDK is not built and cannot be */
async function builtSdk(): Promise<string> {
  const file = inRepository('packages/sdk/dist/lastword.global.js')
  if (existsSync(file)) return file
  console.log('Building the SDK, once …')
  const building = spawn(process.execPath, [inRepository('scripts/build.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(building, 'exit')
  if (code === 0 && existsSync(file)) return file
  throw new Error('the SDK is not built, and building it failed; its own words are above. Try: npm run build')
}

/** The page's scripts are bundled from TypeScript when the server starts; they take milliseconds. */
async function pageScripts(): Promise<Array<[string, string]>> {
  const { outputFiles } = await build({
    entryPoints: ['tap', 'page'].map((name) => inRepository(`examples/demo/page/${name}.ts`)),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'warning',
  })
  return outputFiles.map(({ path, text }) => [path.split(/[\\/]/).at(-1) ?? path, text])
}
