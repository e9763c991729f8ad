import { connect, type Session } from '@lastword/sdk'
import { type AdapterOptions, createAdapter, type Session as ServerSession } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'
import { type Address, createServer, listenOn, type Tls, urlOf } from './listen.ts'
import { wsOptions } from './ws.ts'

/** Serves lastword as the README sets it up, with its defaults unless a case is about others. */
export async function serveLastword(
  tls: Tls,
  onSession: (session: ServerSession) => unknown,
  options: AdapterOptions = {},
): Promise<Address> {
  const adapter = createAdapter(options)
  adapter.onSession(onSession)
  const server = createServer(tls)
  const sockets = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols, ...wsOptions })
  sockets.on('connection', adapter.connection())
  return listenOn(server, tls)
}

/** A client's session with its defaults, on its way. */
export function startLastword(address: Address, options: { early?: boolean } = {}): Session {
  return connect(urlOf(address), { ...options, ...(address.ca !== undefined && { tls: { ca: address.ca } }) })
}

/** A client's session with its defaults, open. */
export async function openLastword(address: Address): Promise<Session> {
  const session = startLastword(address)
  await session.opened
  return session
}
