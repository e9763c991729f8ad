import { readFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { packed } from './packed.ts'

/**
 * What a strict page allows: scripts from its own origin, connections to it and to servers on this machine (where a
 * spec puts a proxy in between, which has a port of its own), and nothing else; no text becomes a script or markup.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self' wss://127.0.0.1:* https://127.0.0.1:*",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The one page without that policy: some refusals of a browser come only where the page's own does not come first. */
const lenientPage = '/no-policy'

const page = (script: string) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>lastword</title>${script}</head>
  <body></body>
</html>
`

const pages: Record<string, string> = {
  '/empty': page(''),
  '/script-tag': page('<script src="/lastword.global.js"></script>'),
  '/journal': page(
    '<script src="/lastword.global.js"></script><script src="/lastword.journal.global.js"></script>',
  ),
  [lenientPage]: page('<script src="/lastword.global.js"></script>'),
  '/polling': page(
    '<script src="/lastword.global.js"></script><script src="/lastword.polling.global.js"></script>',
  ),
  '/module': page('<script type="module" src="/module-page.js"></script>'),
}

/** Tries what a strict page forbids, and writes down the name of each error. */
const forbidden = `
const attempts = {
  eval: () => eval('1'),
  markup: () => { document.createElement('p').innerHTML = '<b>bold</b>' },
  script: () => { document.createElement('script').src = '/other.js' },
}
for (const [what, attempt] of Object.entries(attempts)) {
  try {
    attempt()
  } catch (error) {
    document.documentElement.dataset[what] = error.name
  }
}
`

const scripts: Record<string, string> = {
  '/module-page.js': "import * as lastword from '/lastword.esm.js'\nwindow.lastword = lastword\n",
  '/forbidden.js': forbidden,
}

/**
 * What answers the requests of a server with pages under a strict Content-Security-Policy: `/empty`; `/script-tag`
 * loads the packed script-tag build, `/module` imports the packed ES module. Once either has loaded,
 * `window.lastword` is there. `/journal` and `/polling` load the script with the journal, or with polling, behind the
 * other one. `/no-policy` is `/script-tag` without a policy. `published` are further files by their
 * path, looked up at each request.
 */
export function servePages(published: ReadonlyMap<string, string | Uint8Array> = new Map()): RequestListener {
  return (request, response) => {
    answer(request, response, published).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    })
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  published: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'https://loopback')
  const file = published.get(pathname)
  const html = pages[pathname] ?? (pathname.endsWith('.html') ? file : undefined)
  if (html !== undefined) {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      ...(pathname !== lenientPage && { 'content-security-policy': contentSecurityPolicy }),
    })
    response.end(html)
    return
  }
  // A browser asks for it by itself; a 404 would be an error on the page's console.
  if (pathname === '/favicon.ico') {
    response.writeHead(204).end()
    return
  }
  const script = file ?? scripts[pathname] ?? (await packedFile(pathname))
  if (script === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`There is no ${pathname}.`)
    return
  }
  response.writeHead(200, { 'content-type': typeFor(pathname) }).end(script)
}

/** A file directly in the packed `dist`, or nothing. */
async function packedFile(pathname: string): Promise<Buffer | undefined> {
  if (!/^\/lastword\.((journal|polling)\.)?(global|esm)\.js(\.map)?$/.test(pathname)) return undefined
  try {
    return await readFile(packed(`sdk/dist${pathname}`))
  } catch (cause) {
    throw new Error(`.packed/sdk/dist${pathname} is missing: \`npm run pack\` makes it.`, { cause })
  }
}

function typeFor(pathname: string): string {
  return pathname.endsWith('.map') ? 'application/json' : 'text/javascript; charset=utf-8'
}
