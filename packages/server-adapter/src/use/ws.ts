import type { IncomingMessage as HttpRequest, Server } from 'node:http'
import { ArgumentError, subprotocol } from '@lastword/protocol'
import type { WsSocket } from '@lastword/transport'
import type { Adapter, ConnectionHandler } from '../adapter.ts'

/** The part of `ws`'s `WebSocketServer` that is used. */
export interface WsServer<Socket extends WsSocket = WsSocket> {
  options: { handleProtocols?: unknown; server?: Server | unknown; maxPayload?: number | undefined }
  on(event: 'connection', listener: ConnectionHandler<Socket>): unknown
}

/**
 * Puts an adapter to work on a `ws` server that exists: clients that offer lastword get it, whatever else they offer;
 * all others are answered by the server's own `handleProtocols` and reach `existing`, as before.
 *
 * @throws ArgumentError if it is no such server, or one whose `maxPayload` is smaller than the adapter's
 */
export function useWs<C, Socket extends WsSocket>(
  adapter: Adapter<C>,
  server: WsServer<Socket>,
  existing?: ConnectionHandler<Socket>,
): void {
  if (typeof server?.on !== 'function' || typeof server.options !== 'object') {
    throw new ArgumentError('that is not a WebSocketServer of ws', 'Call useWs(createAdapter(), wss).')
  }
  const { options } = server
  // Frames that clients may send would be cut off with 1009. 0 is no limit.
  if (options.maxPayload && options.maxPayload < adapter.maxPayload) {
    throw new ArgumentError(
      `the server takes frames of up to ${options.maxPayload} bytes, and maxBytes needs ${adapter.maxPayload}`,
      'Make the WebSocketServer with { maxPayload: adapter.maxPayload }, or the adapter with a smaller maxBytes.',
    )
  }
  const own = options.handleProtocols as SelectProtocol | null | undefined
  options.handleProtocols = (protocols: Set<string>, request: HttpRequest) => {
    if (typeof own !== 'function' || protocols.has(subprotocol))
      return adapter.handleProtocols(protocols, request)
    return own(protocols, request)
  }
  server.on('connection', adapter.connection(existing))
}

type SelectProtocol = (protocols: Set<string>, request: HttpRequest) => string | false
