import type { IncomingMessage } from 'node:http'
import { until } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createNodeLink } from '../src/node.ts'
import { atRest, atTheEnd, ended, pair, record, serve, url } from './harness.ts'

/** A server's socket with its request, and the bare client at the other end. */
async function serverSocket(
  secure = false,
): Promise<{ socket: WebSocket; request: IncomingMessage; client: WebSocket }> {
  const met: { socket?: WebSocket; request?: IncomingMessage } = {}
  const port = await serve(secure, (socket, request) => Object.assign(met, { socket, request }))
  const client = new WebSocket(url(secure, port), { rejectUnauthorized: false })
  client.on('error', () => {})
  atTheEnd(() => client.terminate())
  await until(() => met.socket && client.readyState === client.OPEN, { what: 'the connection' })
  return { socket: met.socket as WebSocket, request: met.request as IncomingMessage, client }
}

test('what somebody has kept of what was written stays what it was', async () => {
  const { socket, request, client } = await serverSocket()
  const raw = request.socket
  const kept: Buffer[] = []
  const { write } = raw
  raw.write = ((...given: Parameters<typeof write>) => {
    if (given[0] instanceof Uint8Array) kept.push(given[0] as unknown as Buffer)
    return write.apply(raw, given)
  }) as typeof write
  const link = createNodeLink(socket, { rawSocket: raw })
  record(link)
  let came = 0
  client.on('message', () => came++)
  const frames = Array.from({ length: 20 }, (_, n) => new Uint8Array(200).fill(n))
  for (const [n, frame] of frames.entries()) {
    link.send(frame, true)
    await until(() => came === n + 1, { what: 'the frame' })
  }
  const all = Buffer.concat(kept)
  for (const frame of frames) expect(all.includes(Buffer.from(frame))).toBe(true)
})

test('a text that ws writes is counted in bytes while it waits', async () => {
  const { socket, request } = await serverSocket()
  const raw = request.socket
  const { write } = raw
  raw.write = ((...given: Parameters<typeof write>) => write.apply(raw, given)) as typeof write
  const link = createNodeLink(socket, { rawSocket: raw })
  record(link)
  link.send('€'.repeat(1000))
  expect(link.bufferedBytes).toBeGreaterThan(3000)
})

for (const side of ['node client', 'node server'] as const) {
  test(`the small frames of one turn wait for its end and then leave (${side})`, async () => {
    const { link, peerFrames } = await pair(side, false)
    for (let n = 0; n < 500; n += 1) link.send(`frame ${n}`)
    expect(link.bufferedBytes).toBeGreaterThan(500)
    await new Promise((resolve) => setImmediate(resolve))
    expect(link.bufferedBytes).toBe(0)
    await until(() => peerFrames.length === 500, { what: 'the frames' })
    expect(peerFrames[499]).toBe('frame 499')
  })

  test(`a frame that is the last for now leaves at once, with those before it (${side})`, async () => {
    const { link, peerFrames } = await pair(side, false)
    link.send('the first')
    link.send('the second')
    expect(link.bufferedBytes).toBeGreaterThan(0)
    link.send('the last', true)
    expect(link.bufferedBytes).toBe(0)
    link.send('alone', true)
    expect(link.bufferedBytes).toBe(0)
    await until(() => peerFrames.length === 4, { what: 'the frames' })
    expect(peerFrames).toEqual(['the first', 'the second', 'the last', 'alone'])
  })

  test(`frames wait for the end of their turn only up to 8 KiB (${side})`, async () => {
    const { link, peerFrames } = await pair(side, false)
    link.send('x'.repeat(8 * 1024 - 1))
    expect(link.bufferedBytes).toBeGreaterThan(0)
    link.send('y')
    expect(link.bufferedBytes).toBe(0)
    await until(() => peerFrames.length === 2, { what: 'the frames' })
  })

  test(`over TLS they wait up to 32 KiB (${side})`, async () => {
    const { link, peerFrames, toPeer } = await pair(side, true)
    const sent: Buffer[] = []
    toPeer.onBytes((_, chunk) => sent.push(chunk))
    link.send('x'.repeat(12 * 1024))
    link.send('y'.repeat(20 * 1024 - 1))
    expect(link.bufferedBytes).toBeGreaterThan(32 * 1024)
    link.send('z')
    link.send('in the next write')
    await until(() => peerFrames.length === 4, { what: 'the frames' })
    expect(peerFrames.at(-1)).toBe('in the next write')
    // Three of them fill three records, and the last one has its own.
    expect(tlsRecords(Buffer.concat(sent))).toBe(4)
  })

  test(`a text in pieces reaches the peer as one text, and is counted whole (${side})`, async () => {
    const { link, peerFrames, heard } = await pair(side, false)
    const text = 'ä'.repeat(50_000)
    link.sendPieces?.({ before: '["ä', text: Buffer.from(text), after: '€"]' }, true)
    link.send('behind it', true)
    await until(() => peerFrames.length === 2, { what: 'the frames' })
    expect(peerFrames).toEqual([`["ä${text}€"]`, 'behind it'])
    await link.close(1000, '')
    expect(await ended(heard)).toMatchObject({ clean: true, flushed: true, bytesUnsent: 0 })
  })

  test(`a text reaches the peer as text, whatever is in it (${side})`, async () => {
    const { link, peerFrames } = await pair(side, false)
    const texts = ['', 'ä€😀', 'a lone \ud83d', '\u0000', 'x'.repeat(100_000)]
    for (const text of texts) link.send(text, true)
    await until(() => peerFrames.length === texts.length, { what: 'the frames' })
    expect(peerFrames).toEqual(texts.map((text) => Buffer.from(text).toString()))
  })

  test(`large frames that leave one by one are what was sent, although their memory is used again (${side})`, async () => {
    const { link, peerFrames, toPeer } = await pair(side, false)
    const frames = Array.from({ length: 400 }, (_, n) =>
      n % 2 === 0 ? `${n} `.repeat(4000) : new Uint8Array(5000 + n * 300).fill(n),
    )
    toPeer.stall()
    for (const frame of frames) link.send(frame, true)
    expect(link.bufferedBytes).toBeGreaterThan(0)
    toPeer.unstall()
    await until(() => peerFrames.length === frames.length, { what: 'the frames' })
    expect(peerFrames.map((frame) => Buffer.from(frame).toString('latin1'))).toEqual(
      frames.map((frame) => Buffer.from(frame as string).toString('latin1')),
    )
  })

  test(`the small frames of one turn share TLS records (${side})`, async () => {
    const { link, peerFrames, toPeer } = await pair(side, true)
    const sent: Buffer[] = []
    toPeer.onBytes((_, chunk) => sent.push(chunk))
    for (let n = 0; n < 500; n += 1) link.send(`frame ${n}`)
    await until(() => peerFrames.length === 500, { what: 'the frames' })
    expect(tlsRecords(Buffer.concat(sent))).toBeLessThanOrEqual(2)
  })

  test(`the last frames share a TLS record with the close frame (${side})`, async () => {
    const { link, heard, peerFrames, toPeer } = await pair(side, true)
    const sent: Buffer[] = []
    toPeer.onBytes((_, chunk) => sent.push(chunk))
    link.send('the last but one')
    link.send('the last one')
    void link.close(1000, '')
    expect(await ended(heard)).toMatchObject({ clean: true, flushed: true })
    expect(peerFrames).toEqual(['the last but one', 'the last one'])
    // The other one says that the connection ends.
    expect(tlsRecords(Buffer.concat(sent))).toBeLessThanOrEqual(2)
  })
}

/** How many TLS records a stream holds: each says its length in bytes 3 and 4. */
function tlsRecords(stream: Buffer): number {
  let count = 0
  for (let at = 0; at + 5 <= stream.length; at += 5 + stream.readUInt16BE(at + 3)) count += 1
  return count
}

test('a frame that is the last for now leaves at once with what was held back on the connection before', async () => {
  const { socket, request } = await serverSocket()
  const link = createNodeLink(socket, { rawSocket: request.socket })
  request.socket.cork()
  link.send('alone', true)
  expect(link.bufferedBytes).toBe(0)
})

test('what was held back on the connection before leaves with the frames of the link', async () => {
  const { socket, request } = await serverSocket()
  const link = createNodeLink(socket, { rawSocket: request.socket })
  request.socket.cork()
  link.send('at the end of this turn')
  expect(link.bufferedBytes).toBeGreaterThan(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(link.bufferedBytes).toBe(0)
})

test('without the raw socket the same promises hold', async () => {
  const { socket, client } = await serverSocket()
  const link = createNodeLink(socket)
  const heard = record(link)
  const got: number[] = []
  client.on('message', (data) => got.push((data as Buffer).length))
  for (let n = 0; n < 4; n += 1) link.send(new Uint8Array(1024 * 1024))
  expect(await link.close(1000, '')).toMatchObject({ clean: true, flushed: true, forced: false })
  await until(() => got.length === 4, { what: 'everything to arrive' })
  expect(heard.log.at(-1)).toBe('end')
})

test('without the raw socket a peer that stays silent still ends at the deadline', async () => {
  const { socket, client } = await serverSocket()
  client.pause()
  const link = createNodeLink(socket)
  for (let n = 0; n < 32; n += 1) link.send(new Uint8Array(1024 * 1024))
  await atRest(() => link.bufferedBytes)
  const end = await link.close(1000, '', { lingerMs: 20 })
  expect(end).toMatchObject({ clean: false, forced: true, flushed: false })
})

test('closing has a hard end, however long bytes keep moving', async () => {
  const { socket, request, client } = await serverSocket()
  const link = createNodeLink(socket, { rawSocket: request.socket, closeMsMax: 150 })
  record(link)
  // The peer reads nothing, so it never sees the close; but it goes on talking.
  client.pause()
  const talking = setInterval(() => client.send('still here'), 5)
  atTheEnd(() => clearInterval(talking))
  const start = performance.now()
  const end = await link.close(1000, '', { lingerMs: 100 })
  expect(performance.now() - start).toBeGreaterThanOrEqual(145)
  expect(end).toMatchObject({ clean: false, forced: true })
})

test('what arrived before somebody listened is told then, in order', async () => {
  const { socket, request, client } = await serverSocket()
  const link = createNodeLink(socket, { rawSocket: request.socket })
  client.send('one')
  client.send('two')
  client.close(1000)
  await new Promise((resolve) => client.once('close', resolve))
  await until(() => socket.readyState === socket.CLOSED, { what: 'the server to see it' })
  const heard = record(link)
  expect(heard.log).toEqual([])
  await ended(heard)
  expect(heard.log).toEqual(['open', 'frame', 'frame', 'end'])
  expect(heard.frames).toEqual(['one', 'two'])
})

test('a link is attached once', async () => {
  const { socket } = await serverSocket()
  const link = createNodeLink(socket)
  record(link)
  expect(() => record(link)).toThrow('attach() is called once')
})

test('a socket that is closed already makes a link that has ended', async () => {
  const { socket, client } = await serverSocket()
  client.terminate()
  await until(() => socket.readyState === socket.CLOSED, { what: 'the end' })
  const heard = record(createNodeLink(socket))
  expect(await ended(heard)).toMatchObject({ clean: false, failure: 'lost', code: 1006 })
})

test('the listener may close from within a frame, and still gets the frames behind it', async () => {
  const { link, peer, heard } = await pair('node server', false)
  let ending: unknown
  const frames = heard.frames
  heard.frames = new Proxy(frames, {
    get(target, key) {
      if (key === 'push') ending ??= link.close(1000, '')
      return Reflect.get(target, key)
    },
  })
  for (let n = 0; n < 10; n += 1) peer.send(`${n}`)
  await ending
  expect(await ended(heard)).toMatchObject({ clean: true })
  expect(frames.length).toBe(10)
})

test('a write that fails is told in the end, and nowhere else', async () => {
  const { link, heard, connection } = await pair('node server', false)
  connection.cut('reset')
  const sending = setInterval(() => link.send('into the void'), 1)
  atTheEnd(() => clearInterval(sending))
  const end = await ended(heard)
  expect(end).toMatchObject({ clean: false, failure: 'lost' })
})

test('compressed frames that are still being deflated leave before the close', async () => {
  const met: { socket?: WebSocket; request?: IncomingMessage } = {}
  const port = await serve(false, (socket, request) => Object.assign(met, { socket, request }), {
    perMessageDeflate: { threshold: 0 },
  })
  const client = new WebSocket(url(false, port))
  atTheEnd(() => client.terminate())
  const got: string[] = []
  client.on('message', (data) => got.push(String(data)))
  await until(() => met.socket && client.readyState === client.OPEN, { what: 'the connection' })
  expect(client.extensions).toBe('permessage-deflate')
  const link = createNodeLink(met.socket as WebSocket, { rawSocket: (met.request as IncomingMessage).socket })
  for (let n = 0; n < 50; n += 1) link.send(`${n} `.repeat(2000))
  expect(await link.close(1000, '')).toMatchObject({ clean: true, flushed: true })
  await until(() => got.length === 50, { what: 'everything to arrive' })
})

for (const secure of [false, true]) {
  test(`no listener stays on the socket of a link that has ended (${secure ? 'wss' : 'ws'})`, async () => {
    const { socket, request } = await serverSocket(secure)
    const raw = request.socket
    const listeners = () => [
      ...['upgrade', 'unexpected-response', 'open', 'message', 'error', 'close', 'pong'].map((e) =>
        socket.listenerCount(e),
      ),
    ]
    const before = listeners()
    const ownErrorListeners = raw.listeners('error')
    const link = createNodeLink(socket, { rawSocket: raw })
    record(link)
    expect(listeners()).not.toEqual(before)
    await link.close(1000, '')
    expect(listeners()).toEqual(before)
    expect(raw.listeners('error')).toEqual(ownErrorListeners)
  })
}
