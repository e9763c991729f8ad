import { Client, Server } from 'rpc-websockets'
import { type Address, createServer, listenOn, type Tls, urlOf } from './listen.ts'
import { wsOptions } from './ws.ts'

/** Serves JSON-RPC 2.0 with one method. */
export async function serveRpc(
  tls: Tls,
  method: string,
  handle: (parameters: never) => unknown,
): Promise<Address> {
  const server = createServer(tls)
  new Server({ server, ...wsOptions }).register(method, handle as (parameters: object) => unknown)
  return listenOn(server, tls)
}

export async function openRpc(address: Address): Promise<Client> {
  const client = new Client(urlOf(address), {
    ...wsOptions,
    ...(address.ca === undefined ? {} : { ca: address.ca }),
  })
  await new Promise<void>((resolve, reject) => {
    client.on('open', resolve)
    client.on('error', reject)
  })
  return client
}
