import { until } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { atTheEnd, ended, pair } from './harness.ts'
import { opcode, rawPair } from './raw-peer.ts'

for (const secure of [false, true]) {
  describe(`a server's link over ${secure ? 'wss' : 'ws'}`, () => suite(secure))
}

function suite(secure: boolean): void {
  test('ends the connection right behind a close frame after which the peer is done', async () => {
    const { link, heard, peerFrames, toPeer, toLink } = await pair('node server', secure, { endsFirst: true })
    // Nothing of the client comes through, so that whatever leaves now has not waited for it.
    toLink.stall()
    link.send('the last word')
    void link.close(1000, 'done', { peerDone: true })
    await until(() => toPeer.ended, { what: "the server's end of the connection" })
    expect(heard.end).toBeUndefined()
    toLink.unstall()
    expect(await ended(heard)).toEqual({
      code: 1000,
      reason: 'done',
      clean: true,
      opened: true,
      flushed: true,
      bytesUnsent: 0,
      peerEnded: true,
      forced: false,
      endedFirst: true,
    })
    expect(peerFrames).toEqual(['the last word'])
  })

  test.each([
    ['it was not told that it may', false, true],
    ['the peer is not done', true, false],
  ])('waits for the close frame of the client when %s', async (_, endsFirst, peerDone) => {
    const { link, heard, peer, toPeer, toLink } = await pair('node server', secure, { endsFirst })
    toLink.stall()
    void link.close(1000, '', { peerDone })
    // It has the close frame, and its own does not come through.
    await until(() => peer.readyState === peer.CLOSING, { what: 'the close frame to arrive' })
    expect(toPeer.ended).toBe(false)
    toLink.unstall()
    const end = await ended(heard)
    expect(end).toMatchObject({ code: 1000, clean: true, flushed: true, forced: false })
    expect(end.endedFirst).toBeUndefined()
  })

  test('ends first behind more than fits into one write, and nothing of it is lost', async () => {
    const { link, heard, peerFrames, toPeer, toLink } = await pair('node server', secure, { endsFirst: true })
    toLink.stall()
    for (let n = 0; n < 8; n += 1) link.send(`${n}`.padEnd(1024 * 1024))
    void link.close(1000, '', { peerDone: true })
    await until(() => toPeer.ended, { what: "the server's end of the connection" })
    toLink.unstall()
    expect(await ended(heard)).toMatchObject({ code: 1000, clean: true, flushed: true, endedFirst: true })
    expect(peerFrames.map((frame) => String(frame).trim())).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })

  test('reads a close frame that crosses its own, with what came before it', async () => {
    const { link, heard, peer } = await rawPair('node server', secure, { endsFirst: true })
    peer.socket.write(Buffer.concat([peer.frame(opcode.text, 'crossing'), peer.closeFrame(1000)]))
    void link.close(1000, '', { peerDone: true })
    peer.socket.end()
    expect(await ended(heard)).toMatchObject({ code: 1000, clean: true, flushed: true, forced: false })
    expect(heard.frames).toEqual(['crossing'])
  })

  test('says that the close frame of a peer did not come back that ended the connection instead', async () => {
    const { link, heard, peer } = await rawPair('node server', secure, { endsFirst: true })
    peer.socket.on('end', () => peer.socket.end())
    link.send('the last word')
    void link.close(1000, '', { peerDone: true })
    expect(await ended(heard)).toMatchObject({
      code: 1006,
      clean: false,
      flushed: true,
      peerEnded: true,
      forced: false,
      endedFirst: true,
    })
    expect(peer.received().toString()).toContain('the last word')
  })

  test('is destroyed when a peer never answers and never ends, and not before its time', async () => {
    const { link, heard, peer } = await rawPair('node server', secure, { endsFirst: true, lingerMs: 100 })
    const start = performance.now()
    void link.close(1000, '', { peerDone: true })
    await until(() => peer.socket.readableEnded, { what: "the server's end of the connection" })
    expect(heard.end).toBeUndefined()
    expect(await ended(heard)).toMatchObject({ clean: false, forced: true, endedFirst: true })
    expect(performance.now() - start).toBeGreaterThan(99)
  })

  test('is destroyed when a peer goes on talking and never ends', async () => {
    const { link, heard, peer } = await rawPair('node server', secure, {
      endsFirst: true,
      lingerMs: 50,
      closeMsMax: 100,
    })
    const talking = setInterval(() => peer.socket.write(peer.frame(opcode.text, 'more')), 2)
    atTheEnd(() => clearInterval(talking))
    void link.close(1000, '', { peerDone: true })
    expect(await ended(heard)).toMatchObject({ clean: false, forced: true, endedFirst: true })
  })
}
