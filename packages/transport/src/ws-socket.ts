/**
 * What the Node link uses of a `ws` socket. Naming it here keeps the types of `ws` out of the types of this
 * package; a `WebSocket` of `ws` (8.18 or later), client side or server side, is one.
 */
export interface WsSocket {
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3
  readonly readyState: 0 | 1 | 2 | 3
  readonly protocol: string
  readonly extensions: string
  /** Of a client; undefined on a server. */
  readonly url?: string | undefined
  /** The connection that it writes to. Not documented by `ws`: looked at only to see whether it is the one that we know. */
  readonly _socket?: unknown
  readonly bufferedAmount: number
  readonly isPaused: boolean
  send(data: string | Uint8Array, options: { binary: boolean }, callback: (error?: Error) => void): void
  ping(data: Uint8Array, mask: boolean | undefined, callback: (error?: Error) => void): void
  close(code?: number, reason?: string): void
  terminate(): void
  pause(): void
  resume(): void
  // biome-ignore lint/suspicious/noExplicitAny: an event's arguments depend on its name, as in Node's own emitter.
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  off(event: string, listener: (...args: any[]) => void): unknown
}
