import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { certificate, until } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { closeAfterPong, createNodeLink, type Link } from '../src/node.ts'
import { atTheEnd, ended, type Record, record, serve, url } from './harness.ts'

/** What takes zlib some time: half of it does not compress. */
const content = randomBytes(24_000).toString('base64').padEnd(64_000)
const frames = Array.from({ length: 60 }, (_, n) => `${n} ${content}`)
const perMessageDeflate = { threshold: 0 }

interface Pair {
  link: Link
  heard: Record
  /** Bare, and compressing as well. */
  peer: WebSocket
  peerRaw: Socket
  peerFrames: string[]
}

async function compressed(side: 'client' | 'server', secure: boolean): Promise<Pair> {
  const met: { socket?: WebSocket; request?: IncomingMessage } = {}
  const port = await serve(secure, (socket, request) => Object.assign(met, { socket, request }), {
    perMessageDeflate,
  })
  const { cert } = await certificate()
  const client = new WebSocket(url(secure, port), { ca: cert, perMessageDeflate })
  let clientRaw: Socket | undefined
  client.on('upgrade', ({ socket }) => {
    clientRaw = socket
  })
  const clientLink = side === 'client' ? createNodeLink(client) : undefined
  await until(() => met.socket && client.readyState === client.OPEN, { what: 'the connection' })
  expect(client.extensions).toContain('permessage-deflate')
  const socket = met.socket as WebSocket
  const serverRaw = (met.request as IncomingMessage).socket
  const link = clientLink ?? createNodeLink(socket, { rawSocket: serverRaw, endsFirst: true })
  const peerRaw = side === 'client' ? serverRaw : (clientRaw as unknown as Socket)
  const peer = side === 'client' ? socket : client
  const peerFrames: string[] = []
  peer.on('message', (data) => peerFrames.push(String(data)))
  peer.on('error', () => {})
  atTheEnd(() => peer.terminate())
  return { link, heard: record(link), peer, peerRaw, peerFrames }
}

for (const side of ['client', 'server'] as const) {
  for (const secure of [false, true]) {
    describe(`permessage-deflate, a ${side} link over ${secure ? 'wss' : 'ws'}`, () => {
      test('frames that wait for zlib leave before the close', async () => {
        const { link, peer, peerFrames } = await compressed(side, secure)
        for (const frame of frames) link.send(frame)
        expect(link.bufferedBytes).toBeGreaterThan(1_000_000)
        const closed = new Promise((resolve) => peer.once('close', resolve))
        expect(await link.close(1000, '')).toMatchObject({ clean: true, flushed: true, forced: false })
        await closed
        expect(peerFrames).toEqual(frames)
      })

      test('a text in pieces is one text', async () => {
        const { link, peerFrames } = await compressed(side, secure)
        link.sendPieces?.({ before: '["ä', text: Buffer.from(content), after: '€"]' }, true)
        link.send('behind it', true)
        await until(() => peerFrames.length === 2, { what: 'the frames' })
        expect(peerFrames).toEqual([`["ä${content}€"]`, 'behind it'])
      })

      test('a frame that waits for zlib leaves before the close behind which the peer is done', async () => {
        const { link, peer, peerFrames } = await compressed(side, secure)
        const [frame = ''] = frames
        link.send(frame.slice(0, 40_000))
        const closed = new Promise((resolve) => peer.once('close', resolve))
        const end = await link.close(1000, '', { peerDone: true })
        expect(end).toMatchObject({ code: 1000, clean: true, flushed: true, forced: false })
        expect(await closed).toBe(1000)
        expect(peerFrames).toEqual([frame.slice(0, 40_000)])
      })

      test('frames that are still being inflated are delivered before the end of a polite close', async () => {
        const { heard, peer } = await compressed(side, secure)
        for (const frame of frames) peer.send(frame)
        peer.close(4001, '')
        expect(await ended(heard)).toMatchObject({ code: 4001, clean: true, forced: false })
        expect(heard.frames).toEqual(frames)
      })

      test('frames that are still being inflated are delivered before the end of a lost connection', async () => {
        const { heard, peer, peerRaw } = await compressed(side, secure)
        for (const frame of frames) peer.send(frame, () => frame === frames.at(-1) && peerRaw.end())
        expect(await ended(heard)).toMatchObject({ code: 1006, clean: false, failure: 'lost' })
        expect(heard.frames).toEqual(frames)
      })

      test('a close while the peer still sends waits for what is being inflated', async () => {
        const { link, heard, peer } = await compressed(side, secure)
        for (const frame of frames) peer.send(frame)
        const end = await link.close(1000, '')
        expect(end).toMatchObject({ clean: true, forced: false })
        expect(heard.frames).toEqual(frames)
      })

      test('frames that zlib still has when the link is aborted are counted as unsent', async () => {
        const { link, heard } = await compressed(side, secure)
        for (const frame of frames) link.send(frame)
        link.abort()
        const end = await ended(heard)
        expect(end).toMatchObject({ clean: false, forced: true, flushed: false })
        expect(end.bytesUnsent).toBeGreaterThan(1_000_000)
      })
    })
  }
}

test('closeAfterPong waits for what zlib still has, both ways', async () => {
  const met: { socket?: WebSocket } = {}
  const port = await serve(true, (socket) => Object.assign(met, { socket }), { perMessageDeflate })
  const { cert } = await certificate()
  const client = new WebSocket(url(true, port), { ca: cert, perMessageDeflate })
  const got: string[] = []
  const heard: string[] = []
  client.on('message', (data) => got.push(String(data)))
  await until(() => met.socket && client.readyState === client.OPEN, { what: 'the connection' })
  const socket = met.socket as WebSocket
  socket.on('message', (data) => heard.push(String(data)))
  for (const frame of frames) client.send(frame)
  for (const frame of frames) socket.send(frame)
  expect(await closeAfterPong(socket)).toMatchObject({ pong: true, clean: true, forced: false })
  await until(() => client.readyState === client.CLOSED, { what: 'the client to be closed' })
  expect(got).toEqual(frames)
  expect(heard).toEqual(frames)
})
