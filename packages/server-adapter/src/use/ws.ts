import type { Server } from 'node:http'
import type { WsSocket } from '@lastword/transport'
import type { Adapter, ConnectionHandler } from '../adapter.ts'

/** The part of `ws`'s `WebSocketServer` that is used. */
export interface WsServer<Socket extends WsSocket = WsSocket> {
  options: { handleProtocols?: unknown; server?: Server | unknown }
  on(event: 'connection', listener: ConnectionHandler<Socket>): unknown
}

/**
 * Puts an adapter to work on a `ws` server that exists: the same as giving the server `handleProtocols:
 * adapter.handleProtocols` and `wss.on('connection', adapter.connection(existing))`.
 */
export function useWs<C, Socket extends WsSocket>(
  adapter: Adapter<C>,
  server: WsServer<Socket>,
  existing?: ConnectionHandler<Socket>,
): void {
  server.options.handleProtocols ??= adapter.handleProtocols
  server.on('connection', adapter.connection(existing))
}
