import type { IncomingMessage as HttpRequest, ServerResponse } from 'node:http'
import { earlyPrefix, limits, subprotocol } from '@lastword/protocol'
import { type HttpLinkKind, HttpLinks, httpLinkParameter, type Link, refuse } from '@lastword/transport'
import type { AdapterOptions, CheckedAdapterOptions } from './adapter-options.ts'
import { Refusal } from './door.ts'
import { originAllowed } from './origins.ts'

export interface HttpDoorHost {
  /** A link has come, that offers these subprotocols, one of them perhaps with the first frame in it. */
  onLink(link: Link, request: HttpRequest, offered: readonly string[]): void
  onRefused(refusal: Refusal, request: HttpRequest): void
}

/** Stands between an HTTP server and the sessions: knows requests of lastword, and makes links of them. */
export class HttpDoor {
  readonly #allowedOrigins: AdapterOptions['allowedOrigins']
  readonly #host: HttpDoorHost
  readonly #links: HttpLinks

  constructor(options: AdapterOptions, checked: CheckedAdapterOptions, host: HttpDoorHost) {
    this.#allowedOrigins = options.allowedOrigins
    this.#host = host
    const { maxBytes, roundMs, roundGapMs, sessionsMax } = checked
    this.#links = new HttpLinks(
      {
        bodyBytesMax: maxBytes + limits.frameOverheadBytes + limits.bodyOverheadBytes,
        roundMs,
        gapMs: roundGapMs,
        linksMax: sessionsMax,
      },
      {
        select: (protocols) => (protocols.includes(subprotocol) ? subprotocol : undefined),
        onLink: (link, request, offered) => {
          host.onLink(link, request, offered)
          return offered.some((protocol) => protocol.startsWith(earlyPrefix))
        },
      },
    )
  }

  /** True if the request is one of lastword, and is answered here; nobody else may touch it then. */
  receive(request: HttpRequest, response: ServerResponse): boolean {
    const kind = kindOf(request)
    if (kind === undefined) return false
    const { method, headers } = request
    if (headers.origin !== undefined) {
      // A page that is refused may read why: that says nothing that it does not know.
      response.setHeader('access-control-allow-origin', headers.origin)
      response.setHeader('access-control-allow-credentials', 'true')
      response.setHeader('vary', 'origin')
    }
    if (!this.#mayPass(request, response)) return true
    if (method === 'POST') this.#links.receive(kind, request, response)
    else if (method === 'OPTIONS') preflight(response)
    else {
      response.setHeader('allow', 'POST, OPTIONS')
      refuse(response, 405, 'Links of lastword are made with POST.')
    }
    return true
  }

  #mayPass(request: HttpRequest, response: ServerResponse): boolean {
    let refusal: Refusal
    try {
      if (originAllowed(this.#allowedOrigins, request)) return true
      const why = `pages of ${request.headers.origin} may not open sessions here`
      refusal = new Refusal('origin-forbidden', why)
      refuse(response, 403, `origin-forbidden: ${why}`)
    } catch (error) {
      refusal = new Refusal('internal', 'the server failed', error)
      refuse(response, 500, 'internal: the server failed')
    }
    this.#host.onRefused(refusal, request)
    return false
  }
}

/** Which kind of link a request is for: its query says so, whatever its path. */
function kindOf({ url = '' }: HttpRequest): HttpLinkKind | undefined {
  const at = url.indexOf('?')
  if (at < 0 || !url.includes(httpLinkParameter, at)) return undefined
  const kind = new URLSearchParams(url.slice(at + 1)).get(httpLinkParameter)
  return kind === 'poll' || kind === 'once' ? kind : undefined
}

/** Pages need none; a client with headers of its own may ask. */
function preflight(response: ServerResponse): void {
  response.statusCode = 204
  response.setHeader('access-control-allow-methods', 'POST')
  response.setHeader('access-control-allow-headers', 'content-type, authorization')
  response.setHeader('access-control-max-age', '600')
  response.end()
}
