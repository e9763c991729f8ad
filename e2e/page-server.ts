import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The SDK's `dist` as it comes out of the tarball that would be published. */
const packedDist = fileURLToPath(new URL('../.packed/sdk/dist/', import.meta.url))

/** What a strict page allows: scripts from its own origin, connections to it, and nothing else. */
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'"

const page = (script: string) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>lastword</title>${script}</head>
  <body></body>
</html>
`

const pages: Record<string, string> = {
  '/empty': page(''),
  '/script-tag': page('<script src="/lastword.global.js"></script>'),
  '/module': page('<script type="module" src="/module-page.js"></script>'),
}

const scripts: Record<string, string> = {
  '/module-page.js': "import * as lastword from '/lastword.esm.js'\nwindow.lastwordModule = lastword\n",
}

/**
 * An HTTP server, not listening yet, with pages under a strict Content-Security-Policy: `/empty`; `/script-tag`
 * loads the packed script-tag build, `/module` imports the packed ES module. The WebSocket server of a spec can
 * be put on it, so that page and socket share an origin.
 */
export function createPageServer(): Server {
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    })
  })
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://loopback')
  const html = pages[pathname]
  if (html !== undefined) {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
    })
    response.end(html)
    return
  }
  // A browser asks for it by itself; a 404 would be an error on the page's console.
  if (pathname === '/favicon.ico') {
    response.writeHead(204).end()
    return
  }
  const script = scripts[pathname] ?? (await packedFile(pathname))
  if (script === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`There is no ${pathname}.`)
    return
  }
  response.writeHead(200, { 'content-type': typeFor(pathname) }).end(script)
}

/** A file directly in the packed `dist`, or nothing. */
async function packedFile(pathname: string): Promise<Buffer | undefined> {
  if (!/^\/lastword\.(global|esm)\.js(\.map)?$/.test(pathname)) return undefined
  try {
    return await readFile(path.join(packedDist, pathname))
  } catch (cause) {
    throw new Error(`.packed/sdk/dist${pathname} is missing: \`npm run e2e\` builds and packs it.`, { cause })
  }
}

function typeFor(pathname: string): string {
  return pathname.endsWith('.map') ? 'application/json' : 'text/javascript; charset=utf-8'
}
