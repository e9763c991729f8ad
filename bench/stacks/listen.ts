import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { listen } from '@lastword/testkit'

/** The key and the certificate of a server with TLS; `undefined` for one without. */
export type Tls = { readonly key: string; readonly cert: string } | undefined

/** Where a server listens, and what its clients have to trust. */
export interface Address {
  readonly port: number
  readonly ca: string | undefined
}

/** A server for upgrades, not yet listening. */
export function createServer(tls: Tls): Server {
  return tls === undefined ? createHttpServer() : createHttpsServer(tls)
}

export async function listenOn(server: Server, tls: Tls): Promise<Address> {
  return { port: await listen(server), ca: tls?.cert }
}

/** Such as `wss://127.0.0.1:4000`. */
export function urlOf({ port, ca }: Address, scheme: 'ws' | 'http' = 'ws'): string {
  return `${scheme}${ca === undefined ? '' : 's'}://127.0.0.1:${port}`
}
