import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { certificate, until } from '@lastword/testkit'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { serve, url } from '../harness.ts'
import { missing, runScript, runtimes } from './runtime.ts'

const entry = fileURLToPath(new URL('conformance.ts', import.meta.url))
const script = fileURLToPath(
  new URL(`../../node_modules/.cache/conformance-${process.pid}.mjs`, import.meta.url),
)
const mebibyte = 1024 * 1024

beforeAll(() =>
  build({
    entryPoints: [entry],
    outfile: script,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // As a package that depends on it finds it: each runtime decides what that is.
    external: ['ws'],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    conditions: ['@lastword/source', 'node'],
    platform: 'node',
    logLevel: 'silent',
  }),
)
afterAll(() => rm(script, { force: true }))

/** What the peer heard on the path `/sink`. */
interface Sunk {
  lengths: number[]
  close: { code: number; reason: string } | undefined
}

function behave(socket: WebSocket, { url = '', socket: raw }: IncomingMessage, sunk: Sunk): void {
  socket.on('error', () => {})
  if (url === '/echo') socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  if (url === '/burst') {
    for (let n = 0; n < 8; n += 1) socket.send(Buffer.alloc(mebibyte, n))
    socket.close(4000, 'bye')
  }
  if (url === '/sink') {
    socket.on('message', (data) => sunk.lengths.push((data as Buffer).length))
    socket.on('close', (code, reason) => {
      sunk.close = { code, reason: String(reason) }
    })
  }
  if (url === '/cut') {
    for (let n = 0; n < 50; n += 1) socket.send(String(n).padEnd(1000))
    raw.end()
  }
}

for (const runtime of runtimes) {
  test(`${runtime.name} carries links that keep their promises, over its own WebSocket and over ws`, async ({
    skip,
  }) => {
    const reason = await missing(runtime)
    if (reason) {
      console.log(`Not run: the WebSocket of ${runtime.name}, because ${reason}`)
      skip(reason)
    }
    const sinks: Sunk[] = []
    const urls: string[] = []
    for (const secure of [false, true]) {
      const sunk: Sunk = { lengths: [], close: undefined }
      const port = await serve(secure, (socket, request) => behave(socket, request, sunk), {
        verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== '/refuse',
      })
      sinks.push(sunk)
      urls.push(url(secure, port))
    }
    const output = await runScript(runtime, script, {
      LASTWORD_TEST_URLS: urls.join(' '),
      LASTWORD_TEST_CA: (await certificate()).cert,
    })
    const told = output
      .trim()
      .split('\n')
      .map((line): { name: string; problem: string | null } => JSON.parse(line))
    expect(told.filter(({ problem }) => problem !== null)).toEqual([])
    expect(told.length).toBe(24)
    for (const sunk of sinks) {
      await until(() => sunk.close, { what: 'the sink to be closed' })
      expect(sunk).toEqual({ lengths: Array(16).fill(mebibyte), close: { code: 4321, reason: 'done' } })
    }
  })
}
