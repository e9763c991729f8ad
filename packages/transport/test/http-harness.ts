import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { certificate, createProxy, listen, type Proxy, until } from '@lastword/testkit'
import { Agent, fetch as undiciFetch } from 'undici'
import { decodeHttpBody, encodeHttpBody, type HttpBody } from '../src/http-body.ts'
import {
  HttpLinks,
  type HttpLinksOptions,
  httpLinkParameter,
  type Link,
  type OpenLinkOptions,
  pollLinkOpener,
} from '../src/node.ts'
import { atTheEnd, type Record, record } from './harness.ts'

export interface HttpServed {
  server: Server
  links: HttpLinks
  port: number
  proxy: Proxy
  /** Where clients connect, through the proxy. */
  url: string
  /** Every link that came, with what it told. */
  came: Array<{ link: Link; heard: Record; protocols: readonly string[] }>
  /** Every request, in order of arrival. */
  requests: IncomingMessage[]
  fetch: typeof fetch
  /** One round by hand; without a body its status and text. */
  post(kind: string, body: BodyInit | undefined, init?: RequestInit): Promise<Answer>
}

export interface Answer extends HttpBody {
  status: number
  text: string
}

export interface HttpServeOptions extends Partial<HttpLinksOptions> {
  secure?: boolean
  /** Stands before every request; true: it has taken it. */
  before?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Whether the first round waits for what is said. @default false */
  answered?: boolean
}

/** A server for links of POSTs, behind a proxy. */
export async function serveHttp(options: HttpServeOptions = {}): Promise<HttpServed> {
  const { secure = false, before, answered = false, ...rest } = options
  const came: HttpServed['came'] = []
  const links = new HttpLinks(
    { bodyBytesMax: 1024 * 1024, roundMs: 20_000, gapMs: 10_000, linksMax: 100, ...rest },
    {
      select: (protocols) => (protocols.includes('test') ? 'test' : undefined),
      onLink(link, _, protocols) {
        came.push({ link, heard: record(link), protocols })
        return answered
      },
    },
  )
  const requests: IncomingMessage[] = []
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request)
    if (before?.(request, response)) return
    const query = new URL(request.url ?? '', 'http://server').searchParams
    links.receive(query.get(httpLinkParameter) as 'poll' | 'once', request, response)
  }
  const { key, cert } = await certificate()
  const server = secure ? createSecureServer({ key, cert }, onRequest) : createServer(onRequest)
  const port = await listen(server)
  const proxy = await createProxy({ targetPort: port })
  const dispatcher = new Agent({ connect: { ca: cert } })
  atTheEnd(async () => {
    for (const { link } of came) link.abort()
    await dispatcher.destroy()
    server.closeAllConnections()
    server.close()
    await proxy.close()
  })
  const trusting = ((input: string, init: object) =>
    undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch
  const address = `${secure ? 'https' : 'http'}://localhost:${proxy.port}/`
  return {
    server,
    links,
    port,
    proxy,
    url: `${secure ? 'wss' : 'ws'}://localhost:${proxy.port}/`,
    came,
    requests,
    fetch: trusting,
    async post(kind, body, init) {
      const response = await trusting(`${address}?lastword=${kind}`, {
        method: 'POST',
        body,
        ...init,
      } as RequestInit)
      const bytes = new Uint8Array(await response.arrayBuffer())
      const decoded = response.status === 200 ? decodeHttpBody(bytes) : { control: undefined, frames: [] }
      return { status: response.status, text: new TextDecoder().decode(bytes), ...decoded }
    },
  }
}

export interface PollPair extends HttpServed {
  client: Link
  clientHeard: Record
  link: Link
  heard: Record
}

/** A poll link and its server's end, both open. */
export async function pollPair(
  options: HttpServeOptions = {},
  clientOptions: Partial<OpenLinkOptions> = {},
): Promise<PollPair> {
  const served = await serveHttp(options)
  const client = pollLinkOpener({ fetch: served.fetch })(served.url, {
    protocols: ['test'],
    ...clientOptions,
  })
  const clientHeard = record(client)
  atTheEnd(() => client.abort())
  await until(() => clientHeard.log.includes('open'), { what: 'the link to open' })
  const [there] = served.came
  if (there === undefined) throw new Error('the server has no link')
  return { ...served, client, clientHeard, link: there.link, heard: there.heard }
}

/** A round, as a client makes it. */
export function roundOf(
  n: number,
  frames: Array<string | Uint8Array> = [],
  more: object = {},
  link = 'a-token-made-by-a-test',
): BodyInit {
  const first = n === 0 ? { protocols: ['test'] } : {}
  return encodeHttpBody(frames, { link, n, ...first, ...more })
}
