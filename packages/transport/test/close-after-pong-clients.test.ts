import type { IncomingMessage } from 'node:http'
import { createProxy, until } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type CloseAfterPongOptions, type CloseAfterPongReport, closeAfterPong } from '../src/node.ts'
import { atTheEnd, serve, url } from './harness.ts'
import { liveTimers } from './live-timers.ts'

/** Plain clients in their worst moments: slow, uploading, talking without end, many at once. */

const mebibyte = 1024 * 1024

interface Served {
  report: CloseAfterPongReport | undefined
  /** What the server heard of its client. */
  heard: number
  got: string[]
  client: WebSocket
}

interface How {
  secure: boolean
  sends: string[]
  options?: CloseAfterPongOptions
  /** Bytes per second that reach the client. */
  rate?: number
  /** Bytes per second that reach the server. */
  uploadRate?: number
  clientOptions?: { autoPong?: boolean }
  onOpen?: (client: WebSocket) => void
}

/** A client whose server sends it something, and closes behind a Pong as soon as the client has said a word. */
async function served({
  secure,
  sends,
  options,
  rate,
  uploadRate,
  clientOptions,
  onOpen,
}: How): Promise<Served> {
  const found: Partial<Served> & { heard: number; got: string[] } = { heard: 0, got: [] }
  const port = await serve(secure, (socket: WebSocket, request: IncomingMessage) => {
    socket.on('message', (data) => {
      found.heard += (data as Buffer).length
    })
    socket.once('message', () => {
      for (const message of sends) socket.send(message)
      void closeAfterPong(socket, { rawSocket: request.socket, ...options }).then((report) => {
        found.report = report
      })
    })
  })
  const proxy = await createProxy({
    targetPort: port,
    onConnection: ({ toClient, toServer }) => {
      toClient.rateBytesPerSecond = rate ?? 0
      toServer.rateBytesPerSecond = uploadRate ?? 0
    },
  })
  atTheEnd(() => proxy.close())
  const client = new WebSocket(url(secure, proxy.port), { rejectUnauthorized: false, ...clientOptions })
  client.on('error', () => {})
  client.on('message', (data) => found.got.push(String(data)))
  client.on('open', () => (onOpen ? onOpen(client) : client.send('hello')))
  atTheEnd(() => client.terminate())
  found.client = client
  return found as Served
}

async function over(it: Served): Promise<CloseAfterPongReport> {
  return until(() => it.report, { what: 'the report', timeoutMs: 20_000 })
}

for (const secure of [false, true]) {
  describe(`closeAfterPong over ${secure ? 'wss' : 'ws'}`, () => {
    test('waits for a slow client as long as bytes move, well past the deadline', async () => {
      const deadlineMs = 1_000
      const sends = Array.from({ length: 64 }, (_, n) => String(n).padEnd(mebibyte))
      const start = performance.now()
      const it = await served({ secure, sends, options: { deadlineMs }, rate: 24 * mebibyte })
      expect(await over(it)).toMatchObject({ pong: true, clean: true, forced: false })
      expect(performance.now() - start).toBeGreaterThan(2 * deadlineMs)
      expect(it.got.map(Number)).toEqual(sends.map(Number))
    })

    test('gives a client that is uploading its answer, and hears all of the upload', async () => {
      const part = Buffer.alloc(mebibyte)
      for (let round = 0; round < 10; round += 1) {
        const it = await served({
          secure,
          sends: ['x'.repeat(mebibyte)],
          onOpen: (client) => {
            for (let n = 0; n < 4; n += 1) client.send(part)
          },
        })
        expect(await over(it)).toMatchObject({ pong: true, clean: true, forced: false })
        await until(() => it.client.readyState === it.client.CLOSED, { what: 'the client to be closed' })
        expect(it.got.map((message) => message.length)).toEqual([mebibyte])
        expect(it.heard).toBe(4 * mebibyte)
      }
    })

    test('takes a large message that is still arriving for movement', async () => {
      const deadlineMs = 1_000
      const proxied = await served({
        secure,
        sends: ['answer'],
        options: { deadlineMs },
        uploadRate: 24 * mebibyte,
        onOpen: (client) => {
          client.send('hello')
          client.send(Buffer.alloc(24 * mebibyte))
        },
      })
      expect(await over(proxied)).toMatchObject({ pong: true, clean: true, forced: false })
      expect(proxied.heard).toBe(24 * mebibyte + 5)
      expect(proxied.got).toEqual(['answer'])
    })

    test('ends a client that talks without end and never answers, at the hard end', async () => {
      const it = await served({
        secure,
        sends: ['answer'],
        options: { deadlineMs: 80, closeMsMax: 200 },
        clientOptions: { autoPong: false },
        onOpen: (client) => {
          client.pause()
          const talking = setInterval(() => client.send('and another thing'), 5)
          atTheEnd(() => clearInterval(talking))
        },
      })
      expect(await over(it)).toMatchObject({ pong: false, clean: false, forced: true })
      expect(liveTimers()).toEqual([])
    })
  })
}

test('fifty clients at once are all closed with their answer, and nothing stays behind', async () => {
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, n) => served({ secure: false, sends: [String(n).padEnd(100_000)] })),
  )
  for (const [n, it] of all.entries()) {
    expect(await over(it)).toMatchObject({ pong: true, clean: true, forced: false })
    await until(() => it.client.readyState === it.client.CLOSED, { what: 'the client to be closed' })
    expect(it.got.map(Number)).toEqual([n])
  }
  expect(liveTimers()).toEqual([])
})
