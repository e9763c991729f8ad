import { certificate, until } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import type { LinkEnd } from '../src/node.ts'
import { atRest, atTheEnd, ended } from './harness.ts'
import { liveTimers } from './live-timers.ts'
import { type NodeSide, opcode, type RawPair, rawPair } from './raw-peer.ts'

const mebibyte = 1024 * 1024
const lingerMs = 100

for (const side of ['node client', 'node server'] as const) {
  for (const secure of [false, true]) {
    describe(`a ${side} link over ${secure ? 'wss' : 'ws'} and a peer that`, () => suite(side, secure))
  }
}

function suite(side: NodeSide, secure: boolean): void {
  test('says its close frame in one segment with data and its FIN: all of it is delivered', async () => {
    const { heard, peer } = await rawPair(side, secure)
    const frames = Array.from({ length: 100 }, (_, n) => peer.frame(opcode.text, `frame ${n}`))
    peer.socket.end(Buffer.concat([...frames, peer.closeFrame(4002)]))
    expect(await ended(heard)).toMatchObject({ code: 4002, clean: true, peerEnded: true, forced: false })
    expect(heard.frames).toEqual(Array.from({ length: 100 }, (_, n) => `frame ${n}`))
  })

  test('ends without a close frame: what came before is delivered, and it counts as lost', async () => {
    const { heard, peer } = await rawPair(side, secure)
    peer.socket.end(peer.frame(opcode.text, 'last'))
    const end = await ended(heard)
    expect(end).toMatchObject({ code: 1006, clean: false, failure: 'lost', peerEnded: true, forced: false })
    expect(heard.frames).toEqual(['last'])
  })

  test('sends half a frame and goes: the whole ones are delivered, the half one is not', async () => {
    const { heard, peer } = await rawPair(side, secure)
    const half = peer.frame(opcode.text, 'x'.repeat(1000)).subarray(0, 500)
    peer.socket.end(Buffer.concat([peer.frame(opcode.text, 'whole'), half]))
    const end = await ended(heard)
    expect(end).toMatchObject({ code: 1006, clean: false, failure: 'lost', peerEnded: true, forced: false })
    expect(heard.frames).toEqual(['whole'])
  })

  test('goes on sending after its close frame and never ends: it is cut off, and none of that is delivered', async () => {
    const pair = await rawPair(side, secure, { lingerMs })
    const { heard, peer } = pair
    peer.socket.write(Buffer.concat([peer.frame(opcode.text, 'before'), peer.closeFrame(4003)]))
    const talking = setInterval(() => peer.socket.write(peer.frame(opcode.text, 'after')), 2)
    atTheEnd(() => clearInterval(talking))
    const end = await ended(heard)
    // Both close frames were said, so nothing that counts is missing. Over TLS the peer has its end to say besides.
    expect(end).toMatchObject({ code: 4003, clean: true, flushed: true, peerEnded: true, forced: secure })
    expect(heard.frames).toEqual(['before'])
    await nothingIsLeft(pair)
  })

  test('answers the close frame and never ends the connection: it is not waited for, over TLS until the deadline', async () => {
    const pair = await rawPair(side, secure)
    const { link, peer } = pair
    link.send('last')
    const closing = link.close(1000, '', { lingerMs: secure ? lingerMs : 60_000 })
    await until(() => peer.received().length > 0, { what: 'the close frame' })
    peer.socket.write(peer.closeFrame(1000))
    const end = await closing
    expect(end).toMatchObject({ clean: true, flushed: true, peerEnded: true, forced: secure, bytesUnsent: 0 })
    await nothingIsLeft(pair)
  })

  test('half-closes and reads nothing: the end comes, with what did not leave', async () => {
    const pair = await rawPair(side, secure, { lingerMs: 20 })
    const { link, heard, peer } = pair
    peer.socket.pause()
    for (let n = 0; n < 16; n += 1) link.send(new Uint8Array(mebibyte))
    await atRest(() => link.bufferedBytes)
    peer.socket.end(peer.frame(opcode.text, 'last'))
    const end = await ended(heard, 15_000)
    expect(end).toMatchObject({
      clean: false,
      failure: 'lost',
      peerEnded: true,
      flushed: false,
      forced: true,
    })
    expect(end.bytesUnsent).toBeGreaterThan(mebibyte)
    expect(heard.frames).toEqual(['last'])
    await nothingIsLeft(pair)
  })

  test('floods pings and reads nothing: it is cut off before its answers take memory', async () => {
    const pair = await rawPair(side, secure)
    const { link, heard, peer } = pair
    peer.socket.pause()
    // What fills the kernel's buffers, so that the answers have to wait.
    for (let n = 0; n < 16; n += 1) link.send(new Uint8Array(mebibyte))
    await atRest(() => link.bufferedBytes)
    const before = link.bufferedBytes
    let most = 0
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => peer.frame(opcode.ping, 'are you there')))
    const flooding = setInterval(() => {
      most = Math.max(most, link.bufferedBytes)
      if (!peer.socket.writableNeedDrain) peer.socket.write(pings)
    }, 1)
    atTheEnd(() => clearInterval(flooding))
    const end = await ended(heard)
    expect(end).toMatchObject({ clean: false, code: 1006, failure: 'lost', forced: true, flushed: false })
    expect(most - before).toBeLessThan(64 * 1024)
    await nothingIsLeft(pair)
  })

  test('floods pings and never answers the close: the hard end comes, however much arrives', async () => {
    const pair = await rawPair(side, secure, { closeMsMax: 150 })
    const { link, peer } = pair
    const flooding = setInterval(() => peer.socket.write(peer.frame(opcode.ping, 'are you there')), 1)
    atTheEnd(() => clearInterval(flooding))
    const end = await link.close(1000, '', { lingerMs })
    expect(end).toMatchObject({ clean: false, code: 1006, flushed: true, forced: true })
    await nothingIsLeft(pair)
  })

  test('breaks the protocol: what came before is delivered, and it is told why', async () => {
    const pair = await rawPair(side, secure, { lingerMs })
    const { heard, peer } = pair
    // Reserved bits, in one segment with a whole frame, and the connection stays open.
    peer.socket.write(Buffer.concat([peer.frame(opcode.text, 'whole'), Buffer.of(0xff, 0xff, 0xff, 0xff)]))
    const end: LinkEnd = await ended(heard)
    expect(end).toMatchObject({ clean: false, code: 1006, failure: 'lost', forced: true })
    expect((end.error as NodeJS.ErrnoException).code).toMatch(/^WS_ERR_/)
    expect(heard.frames).toEqual(['whole'])
    await nothingIsLeft(pair)
  })

  for (const how of ['reset', 'end'] as const) {
    test(`goes (${how}) while the link stands and is paused: all is delivered, and no handle stays`, async () => {
      await certificate()
      const pair = await rawPair(side, secure)
      const { link, heard, peer } = pair
      link.pause()
      const last = peer.frame(opcode.text, 'last')
      await new Promise<void>((resolve) => peer.socket.write(last, () => resolve()))
      if (how === 'end') peer.socket.end()
      else if (secure) peer.socket.destroy()
      else peer.socket.resetAndDestroy()
      expect(await ended(heard)).toMatchObject({ clean: false, code: 1006, failure: 'lost' })
      expect(heard.frames).toEqual(['last'])
      await nothingIsLeft(pair)
    })
  }
}

/** No timer, listener, socket or buffer of the link, nor of the socket of ws below it. */
async function nothingIsLeft({ raw, link, peer, listenersAdded }: RawPair): Promise<void> {
  expect(raw.destroyed).toBe(true)
  expect(liveTimers()).toEqual([])
  expect(link.bufferedBytes).toBe(0)
  expect(raw.writableLength).toBe(0)
  expect(listenersAdded()).toEqual([])
  peer.socket.destroy()
  const sockets = () => process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|TLSWrap/.test(name))
  await until(() => sockets().length === 0, { what: 'every socket of the process to be gone' })
}
