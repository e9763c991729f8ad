import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { fileURLToPath } from 'node:url'
import { createAdapter } from '@lastword/server-adapter'
import { certificate, listen, until } from '@lastword/testkit'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'

/**
 * connect() in runtimes that npm can install. Each of them takes the entry for Node (they know no `browser`
 * condition, and so `import`); Bun puts a ws of its own in place of ws, and Deno runs ws over its node:net.
 */
const runtimes: { name: string; command: string[] }[] = [
  { name: 'Node 24', command: ['node@24'] },
  { name: 'Bun', command: ['bun'] },
  { name: 'Deno', command: ['deno', 'run', '-A', '--no-check'] },
]

const script = fileURLToPath(new URL(`../node_modules/.cache/client-${process.pid}.mjs`, import.meta.url))
const answerBytes = 900_000
const closers: (() => unknown)[] = []

beforeAll(() =>
  build({
    entryPoints: [fileURLToPath(new URL('runtimes/client.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external: ['ws'],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    conditions: ['@lastword/source', 'node'],
    logLevel: 'silent',
  }),
)
afterAll(() => rm(script, { force: true }))
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Answers an offer and closes at once. */
async function serve(secure: boolean, cleanAtServer: boolean[]): Promise<string> {
  const adapter = createAdapter()
  adapter.onSession((session) => {
    session.handle('offer', () => {
      void session.close().then(({ clean }) => cleanAtServer.push(clean))
      return { sdp: 'y'.repeat(answerBytes) }
    })
  })
  const server = secure ? createSecureServer(await certificate()) : createServer()
  const sockets = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  sockets.on('connection', adapter.connection())
  closers.push(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    server.close()
  })
  return `${secure ? 'wss' : 'ws'}://localhost:${await listen(server)}/`
}

for (const { name, command } of runtimes) {
  test(`connect() in ${name}: one answer from a server that closes at once, over ws and wss`, async ({
    skip,
  }) => {
    const installed = await npx([command[0] as string, '--version'], {})
    if (installed.code !== 0) {
      console.log(`Not run: connect() in ${name}, because npx could not install it: ${installed.output}`)
      skip(`npx could not install ${command[0]}`)
    }
    const cleanAtServer: boolean[] = []
    const urls = [await serve(false, cleanAtServer), await serve(true, cleanAtServer)]
    const { code, output } = await npx([...command, script], {
      LASTWORD_TEST_URLS: urls.join(' '),
      LASTWORD_TEST_CA: (await certificate()).cert,
    })
    expect({ code, output }).toMatchObject({ code: 0 })
    const told = { length: answerBytes, clean: true, code: 'finished' }
    expect(JSON.parse(output)).toEqual([
      { scheme: 'ws', ...told },
      { scheme: 'wss', ...told },
    ])
    await until(() => cleanAtServer.length === 2, { what: "both of the server's reports" })
    expect(cleanAtServer).toEqual([true, true])
  })
}

function npx(
  args: string[],
  env: { [name: string]: string },
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('npx', ['--yes', ...args], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    let problem = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (problem += chunk))
    const deadline = setTimeout(() => {
      // The group, so that what npx has started ends as well.
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    }, 40_000)
    child.on('error', (error) => (problem += error.message))
    child.on('close', (code) => {
      clearTimeout(deadline)
      resolve({ code, output: code === 0 ? output : output + problem })
    })
  })
}
