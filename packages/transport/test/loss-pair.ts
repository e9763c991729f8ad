import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { certificate, createProxy, type Proxy, until } from '@lastword/testkit'
import { type ServerOptions, WebSocket } from 'ws'
import { createNodeLink, type Link } from '../src/node.ts'
import { atTheEnd, record, serve, url } from './harness.ts'

/** How often each loss is tried. */
export const rounds = 5

/** A bare server's socket and a bare client, or a link in place of the former. */
export interface Pair {
  server: WebSocket
  raw: Socket
  client: WebSocket
  /** Lengths of what came to the client, and to the server. */
  toClient: number[]
  toServer: number[]
  clientClosed: Promise<unknown>
  proxy: Proxy
  /** A link over the server's socket, in place of using it bare. */
  link(): Link
}

export async function pair(
  secure = false,
  options: ServerOptions & { closeTimeout?: number } = {},
): Promise<Pair> {
  const met: { server?: WebSocket; request?: IncomingMessage } = {}
  const toServer: number[] = []
  const port = await serve(
    secure,
    (server, request) => {
      server.on('error', () => {})
      server.on('message', (data) => toServer.push((data as Buffer).length))
      Object.assign(met, { server, request })
    },
    options,
  )
  const proxy = await createProxy({ targetPort: port })
  atTheEnd(() => proxy.close())
  const { cert } = await certificate()
  const perMessageDeflate = options.perMessageDeflate !== undefined
  const client = new WebSocket(url(secure, proxy.port), { ca: cert, perMessageDeflate })
  const toClient: number[] = []
  client.on('message', (data) => toClient.push((data as Buffer).length))
  client.on('error', () => {})
  const clientClosed = once(client, 'close')
  await until(() => met.server && client.readyState === client.OPEN, { what: 'the connection' })
  const server = met.server as WebSocket
  const raw = (met.request as IncomingMessage).socket
  const link = () => {
    const made = createNodeLink(server, { rawSocket: raw })
    record(made)
    return made
  }
  return { server, raw, client, toClient, toServer, clientClosed, proxy, link }
}

/** In how many rounds something was lost. */
export async function losses(round: () => Promise<boolean>): Promise<number> {
  let lost = 0
  for (let n = 0; n < rounds; n += 1) if (await round()) lost += 1
  return lost
}

/** Shows the figures where somebody asks for them: the documents take theirs from here. */
export function tell(point: string, figures: { [what: string]: number }): void {
  if (!process.env.LASTWORD_FIGURES) return
  for (const [what, lost] of Object.entries(figures)) console.log(`${point}: ${what} ${lost}/${rounds}`)
}
