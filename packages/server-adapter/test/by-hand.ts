import { expect } from 'vitest'
import type { ClientOptions, ServerOptions, WebSocket } from 'ws'
import type { Adapter, AdapterOptions, RefusedLink } from '../src/index.ts'
import { type Scheme, type Served, serve, until, within } from './harness.ts'

export const sid = 'a-session-by-hand'
export const key = 'the-key-of-that-session-by-hand'

/** What a client says first. */
export function hello(changes: Record<string, unknown> = {}) {
  return {
    t: 'hello',
    v: 1,
    sid,
    key,
    link: 1,
    fresh: true,
    got: 0,
    window: { messages: 16, bytes: 1 << 20 },
    maxBytes: 1 << 20,
    ...changes,
  }
}

/** A client that speaks JSON by hand, and what it hears. */
export interface ByHand {
  socket: WebSocket
  say(...envelopes: unknown[]): void
  heard: Array<Record<string, unknown>>
  closed: { code: number; reason: string } | undefined
  /** Waits for an envelope of this kind. */
  hears(t: string): Promise<Record<string, unknown>>
  isClosed(): Promise<{ code: number; reason: string }>
}

export async function byHand(served: Served, options: ClientOptions = {}): Promise<ByHand> {
  const socket = served.raw(['lastword.1'], options)
  const made: ByHand = {
    socket,
    heard: [],
    closed: undefined,
    say: (...envelopes) => socket.send(JSON.stringify(envelopes)),
    hears: (t) => until(() => made.heard.find((envelope) => envelope.t === t), { what: t }),
    isClosed: () => until(() => made.closed, { what: 'the close' }),
  }
  socket.on('message', (data, isBinary) => {
    if (!isBinary) made.heard.push(...(JSON.parse(String(data)) as Array<Record<string, unknown>>))
  })
  socket.on('close', (code, reason) => {
    made.closed = { code, reason: String(reason) }
  })
  await until(() => socket.readyState === socket.OPEN, { what: 'the connection' })
  return made
}

/** A server with a session of somebody else's, which must go on whatever happens beside it. */
export async function serveWithNeighbour(
  scheme: Scheme,
  adapter: AdapterOptions = {},
  wss: (adapter: Adapter) => ServerOptions = () => ({}),
) {
  const served = await serve(scheme, { adapter, wss })
  const refused: RefusedLink[] = []
  served.adapter.on('refused', (link) => refused.push(link))
  served.adapter.onSession((session) => {
    session.handle('ask', (n: number) => n * 2)
    session.handle('hang', () => new Promise(() => {}))
  })
  const neighbour = served.connect()
  expect(await neighbour.request('ask', 1)).toBe(2)
  return {
    ...served,
    refused,
    async neighbourGoesOn() {
      expect(await within('the neighbour', neighbour.request('ask', 21))).toBe(42)
      expect(await within('its close', neighbour.close())).toMatchObject({ clean: true, handledTotal: 2 })
    },
  }
}
