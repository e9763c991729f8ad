import { Buffer } from 'node:buffer'
import type { NodeConnectOptions } from '@lastword/sdk'
import { pollingOver } from '@lastword/sdk/polling'
import { certificate } from '@lastword/testkit'
import { Agent, fetch as undiciFetch } from 'undici'
import { atTheEnd, type Scheme, type Served, type ServeOptions, serve } from './harness.ts'
import { heardIn } from './memory-post.ts'

export interface HttpServed extends Served {
  /** The same address, by http or https. */
  httpUrl: string
  /** Options of a client that polls from the start. */
  polls: NodeConnectOptions
  fetch: typeof fetch
  /** A POST by hand. */
  post(query: string, body?: BodyInit, headers?: Record<string, string>): Promise<Posted>
}

export interface Posted {
  status: number
  headers: Headers
  text: string
  /** Envelopes of the answer. */
  heard: Array<Record<string, unknown>>
}

/** An adapter whose HTTP side is open too; what is not for it is answered with 404 by the server itself. */
export async function serveHttp(scheme: Scheme, options: ServeOptions = {}): Promise<HttpServed> {
  const served = await serve(scheme, options)
  const { adapter, server, url } = served
  server.on('request', (request, response) => {
    if (adapter.request(request, response)) return
    response.statusCode = 404
    response.end('the server itself')
  })
  const { cert } = await certificate()
  const dispatcher = new Agent({ connect: { ca: cert } })
  atTheEnd(() => dispatcher.destroy())
  const trusting = ((input: string, init: object) =>
    undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch
  const httpUrl = url.replace('ws', 'http')
  return {
    ...served,
    httpUrl,
    fetch: trusting,
    polls: { openLink: pollingOver({ fetch: trusting }) },
    async post(query, body, headers = {}) {
      const init = { method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body }
      const response = await trusting(httpUrl + query, init as RequestInit)
      const bytes = Buffer.from(await response.arrayBuffer())
      const heard = response.status === 200 ? heardIn(bytes) : []
      return { status: response.status, headers: response.headers, text: bytes.toString(), heard }
    },
  }
}
