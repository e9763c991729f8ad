import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import { type Certificate, certificate } from '@lastword/testkit'
import type { WebSocketServer } from 'ws'
import type { Answerer } from './answerer.ts'
import type { Assets } from './assets.ts'
import { bareCalls } from './bare-calls.ts'
import { addressOf, idIn } from './call-address.ts'
import { CallLog } from './call-log.ts'
import { lastwordCalls } from './lastword-calls.ts'
import { paths } from './news.ts'
import { sameOrigin } from './same-origin.ts'
import { Trouble } from './trouble.ts'

/** The page, what it connects to, and what it is told, on one origin. */
export interface Site {
  /** Not listening yet. */
  readonly server: Server
  /** Ends every session and connection. Resolves when nothing is left of them. */
  close(): Promise<void>
}

const shutdownMs = 2_000

export async function createSite(assets: Assets, answerer: Answerer): Promise<Site> {
  const pem: Certificate = await certificate()
  const log = new CallLog()
  const server = createServer(pem)
  const trouble = new Trouble(server, log)
  const bare = bareCalls(answerer, log, trouble)
  const { adapter, server: withAdapter } = lastwordCalls(answerer, log, trouble)
  const doors = new Map<string, WebSocketServer>([
    [paths.bare, bare],
    [paths.lastword, withAdapter],
  ])

  server.on('request', (request, response) => {
    // What a page that goes away still has to say comes as a request of its own.
    if (!adapter.request(request, response)) answer(request, response, { assets, answerer, log })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const door = doors.get(addressOf(request).pathname)
    if (door === undefined || !sameOrigin(request)) {
      return void socket.end(`HTTP/1.1 ${door === undefined ? '404 Not Found' : '403 Forbidden'}\r\n\r\n`)
    }
    door.handleUpgrade(request, socket, head, (webSocket) => door.emit('connection', webSocket, request))
  })

  return {
    server,
    async close() {
      log.close()
      await adapter.shutdown({ deadlineMs: shutdownMs })
      for (const { clients } of doors.values()) for (const client of clients) client.terminate()
      answerer.close()
      if (!server.listening) return
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

interface Parts {
  assets: Assets
  answerer: Answerer
  log: CallLog
}

function answer(request: IncomingMessage, response: ServerResponse, { assets, answerer, log }: Parts): void {
  const { pathname, searchParams } = addressOf(request)
  response.on('error', () => {})
  for (const [name, value] of Object.entries(headersFor(request))) response.setHeader(name, value)
  if (request.method !== 'GET') {
    return plainly(response, 405, 'Only GET is answered here.')
  }
  if (pathname === paths.news) {
    const tab = idIn(searchParams, 'tab')
    if (tab === undefined || !sameOrigin(request)) return plainly(response, 400, 'Which tab is this for?')
    return log.stream(tab, response, { type: 'server', peers: answerer.state })
  }
  const asset = assets.files.get(pathname)
  if (asset === undefined) return plainly(response, 404, `There is no ${pathname}.`)
  response.writeHead(200, { 'content-type': asset.type, 'cache-control': 'no-store' }).end(asset.body)
}

function plainly(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** As strict as a page can be: what it needs comes from here, and nothing in it is made from strings. */
function headersFor({ headers }: IncomingMessage): Record<string, string> {
  const host = /^[\w.:[\]-]+$/.test(headers.host ?? '') ? headers.host : undefined
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    // Some browsers take 'self' for https alone.
    `connect-src 'self'${host === undefined ? '' : ` wss://${host}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}
