import { EventEmitter } from 'node:events'
import type { IncomingMessage as HttpRequest } from 'node:http'
import type { WsSocket } from '@lastword/transport'
import type { Adapter } from '../src/index.ts'

/**
 * A `ws` socket of a server without a connection below it: what a test says arrives, and what the server says is kept
 * here. Its peer answers a close at once. Thousands of them cost nothing but memory.
 */
export class MemorySocket extends EventEmitter implements WsSocket {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSING = 2
  readonly CLOSED = 3
  readonly protocol = 'lastword.1'
  readonly extensions = ''
  readonly bufferedAmount = 0
  readyState: 0 | 1 | 2 | 3 = 1
  isPaused = false
  /** Envelopes that the server has sent in text frames. */
  readonly heard: Array<Record<string, unknown>> = []
  /** How the server has closed it. */
  closed: { code: number; reason: string } | undefined

  send(data: string | Uint8Array, { binary }: { binary: boolean }, callback: (error?: Error) => void): void {
    if (!binary) this.heard.push(...(JSON.parse(data.toString()) as Array<Record<string, unknown>>))
    queueMicrotask(() => callback())
  }

  ping(_data: Uint8Array, _mask: boolean | undefined, callback: (error?: Error) => void): void {
    queueMicrotask(() => callback())
  }

  close(code = 1005, reason = ''): void {
    if (this.readyState !== this.OPEN) return
    this.readyState = this.CLOSING
    this.closed = { code, reason }
    queueMicrotask(() => this.#end(code, reason))
  }

  terminate(): void {
    queueMicrotask(() => this.#end(1006, ''))
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  /** A frame arrives, as long as the connection is there. */
  arrive(frame: string | Uint8Array): void {
    if (this.readyState === this.CLOSED) return
    this.emit('message', Buffer.from(frame as string), typeof frame !== 'string')
  }

  /** Envelopes arrive, in one frame. */
  say(...envelopes: unknown[]): void {
    this.arrive(JSON.stringify(envelopes))
  }

  /** The peer goes: with a close frame if there is a code for it. */
  leave(code = 1006): void {
    queueMicrotask(() => this.#end(code, ''))
  }

  #end(code: number, reason: string): void {
    if (this.readyState === this.CLOSED) return
    this.readyState = this.CLOSED
    this.emit('close', code, Buffer.from(reason))
  }
}

/** Brings a client to an adapter's door, with these subprotocols offered in its upgrade request. */
export function arriveAt(adapter: Adapter, offered: string[] = ['lastword.1']): MemorySocket {
  const socket = new MemorySocket()
  adapter.connection()(socket, requestOf(offered))
  return socket
}

/** Lets everything happen that is ready to. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function requestOf(offered: string[]): HttpRequest {
  const header = offered.join(', ')
  const raw = Object.assign(new EventEmitter(), {
    remoteAddress: '192.0.2.1',
    writableFinished: true,
    readableEnded: true,
    destroyed: false,
    errored: null,
    bytesRead: 0,
    cork() {},
    uncork() {},
  })
  const request = {
    url: '/',
    headers: { 'sec-websocket-protocol': header },
    rawHeaders: ['Sec-WebSocket-Protocol', header],
    socket: raw,
  }
  return request as unknown as HttpRequest
}
