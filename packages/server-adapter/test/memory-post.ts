import { EventEmitter } from 'node:events'
import type { IncomingMessage as HttpRequest, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Adapter } from '../src/index.ts'

/** The answer to a POST that has no connection below it. */
export interface MemoryAnswer {
  /** False if the adapter did not know the request. */
  taken: boolean
  status: number | undefined
  headers: Record<string, unknown>
  body: Buffer
  /** The client goes away. */
  leave(): void
}

/** Brings a request to an adapter's HTTP side. Its body is there at once, whole. */
export function request(
  adapter: Adapter,
  query: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  method = 'POST',
): MemoryAnswer {
  const incoming = Object.assign(Readable.from(body.length === 0 ? [] : [Buffer.from(body as string)]), {
    url: `/ws${query}`,
    method,
    headers,
    rawHeaders: [],
    socket: { remoteAddress: '192.0.2.1' },
  })
  const response = new MemoryResponse()
  const taken = adapter.request(incoming as unknown as HttpRequest, response as unknown as ServerResponse)
  return {
    taken,
    get status() {
      return response.headersSent ? response.statusCode : undefined
    },
    get headers() {
      return response.headers
    },
    get body() {
      return response.body
    },
    leave: () => response.destroy(),
  }
}

/** A round of a poll link. */
export function roundBody(n: number, frames: Array<string | Uint8Array> = [], more: object = {}): Buffer {
  const first = n === 0 ? { protocols: ['lastword.1'] } : {}
  const control = JSON.stringify({ link: 'a-token-made-by-a-test', n, ...first, ...more })
  return Buffer.concat([
    record(2, Buffer.from(control)),
    ...frames.map((frame) => record(typeof frame === 'string' ? 0 : 1, Buffer.from(frame as string))),
  ])
}

/** What a server says in the body of a round, envelope by envelope. */
export function heardIn(body: Uint8Array): Array<Record<string, unknown>> {
  const bytes = Buffer.from(body)
  if (bytes[0] === 0x5b) return JSON.parse(bytes.toString())
  const heard: Array<Record<string, unknown>> = []
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) {
    const text = bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1)).toString()
    if (bytes[at] === 0) heard.push(...JSON.parse(text))
  }
  return heard
}

/** What a server says to the first round of a link. */
export const openingAnswer = record(2, Buffer.from('{"protocol":"lastword.1"}'))

function record(kind: number, bytes: Buffer): Buffer {
  const head = Buffer.from([kind, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

class MemoryResponse extends EventEmitter {
  statusCode = 200
  headersSent = false
  destroyed = false
  readonly headers: Record<string, unknown> = {}
  body = Buffer.alloc(0)

  setHeader(name: string, value: unknown): void {
    this.headers[name] = value
  }

  end(body: string | Uint8Array = ''): void {
    this.headersSent = true
    this.body = Buffer.from(body as string)
    queueMicrotask(() => this.destroy())
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }
}
