import { until } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { atRest, ended, pair, type Side } from './harness.ts'
import { liveTimers } from './live-timers.ts'

const mebibyte = 1024 * 1024

/** What a kind of link can do that another one's platform cannot. */
interface Capabilities {
  /** It can stop reading, so that the peer meets back-pressure. */
  stopsReading: boolean
  /** What arrives after its own close is delivered. */
  deliversWhileClosing: boolean
  /** It may send every close code. */
  sendsAnyCode: boolean
  /** It sees a FIN. */
  seesFin: boolean
}

const node: Capabilities = {
  stopsReading: true,
  deliversWhileClosing: true,
  sendsAnyCode: true,
  seesFin: true,
}
const kinds: Record<Side, Capabilities> = {
  'node client': node,
  'node server': node,
  browser: {
    stopsReading: false,
    deliversWhileClosing: false,
    sendsAnyCode: false,
    seesFin: false,
  },
}

for (const [side, can] of Object.entries(kinds) as [Side, Capabilities][]) {
  for (const secure of [false, true]) {
    describe(`${side} link over ${secure ? 'wss' : 'ws'}`, () => suite(side, secure, can))
  }
}

function suite(side: Side, secure: boolean, can: Capabilities): void {
  test('text and bytes go both ways as they are, with their length', async () => {
    const { link, heard, peer, peerFrames } = await pair(side, secure)
    expect(link.protocol).toBe('test')
    expect(link.writable).toBe(true)
    link.send('grüße')
    link.send(Uint8Array.of(0, 255, 7))
    link.send('')
    peer.send('žluť')
    peer.send(Buffer.of(9, 8))
    await until(() => peerFrames.length === 3 && heard.frames.length === 2, { what: 'the frames' })
    expect(peerFrames).toEqual(['grüße', Buffer.of(0, 255, 7), ''])
    expect(heard.frames[0]).toBe('žluť')
    expect(Object.getPrototypeOf(heard.frames[1])).toBe(Uint8Array.prototype)
    expect(heard.frames[1]).toEqual(Uint8Array.of(9, 8))
    expect(heard.bytes).toEqual([side === 'browser' ? 4 : 6, 2])
  })

  test('everything accepted before close() reaches the peer, however much it is', async () => {
    const it = await pair(side, secure)
    for (let n = 0; n < 8; n += 1) it.link.send(new Uint8Array(mebibyte).fill(n))
    const end = await it.link.close(4321, 'done')
    await until(() => it.peerClose, { what: 'the peer to be closed' })
    expect(it.peerFrames.map((frame) => [frame.length, frame[0]])).toEqual(
      Array.from({ length: 8 }, (_, n) => [mebibyte, n]),
    )
    expect(it.peerClose).toEqual({ code: 4321, reason: 'done' })
    expect(end).toMatchObject({
      clean: true,
      opened: true,
      flushed: true,
      peerEnded: true,
      forced: false,
      bytesUnsent: 0,
    })
    expect(end.failure).toBeUndefined()
    expect(it.heard.end).toBe(end)
  })

  test('what the peer sent before its polite close is delivered before the end, 8 MiB of it', async () => {
    const { heard, peer } = await pair(side, secure)
    for (let n = 0; n < 8; n += 1) peer.send(Buffer.alloc(mebibyte, n))
    peer.close(4000, 'bye')
    expect(await ended(heard)).toMatchObject({
      code: 4000,
      reason: 'bye',
      clean: true,
      peerEnded: true,
      flushed: true,
    })
    expect(heard.frames.map((frame) => frame[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('frames in one segment with the close frame are delivered before the end', async () => {
    const { heard, peer, toLink } = await pair(side, secure)
    toLink.stall()
    for (let n = 0; n < 100; n += 1) peer.send(`frame ${n}`)
    peer.close(1000, '')
    await atRest(() => peer.bufferedAmount)
    toLink.unstall()
    expect(await ended(heard)).toMatchObject({ code: 1000, clean: true })
    expect(heard.frames.at(-1)).toBe('frame 99')
    expect(heard.frames.length).toBe(100)
  })

  test('frames before a reset are delivered before the end', async () => {
    const { heard, peer, toLink, connection } = await pair(side, secure)
    // The frames with what TLS puts around them, and a part of the long one behind them.
    const cut = toLink.bytesForwarded + 50 * 1024 + 20 * 1024
    toLink.cutAfter(cut, 'reset')
    for (let n = 0; n < 50; n += 1) peer.send(String(n).padEnd(1024))
    peer.send('x'.repeat(mebibyte))
    const end = await ended(heard)
    expect(end).toMatchObject({ code: 1006, clean: false, opened: true, failure: 'lost', forced: false })
    expect(heard.frames.map((frame) => Number(frame))).toEqual(Array.from({ length: 50 }, (_, n) => n))
    await until(() => !connection.live, { what: 'the connection to be gone' })
  })

  test('a paused listener hears nothing until it resumes, then everything in order', async () => {
    const { link, heard, peer } = await pair(side, secure)
    link.pause()
    for (let n = 0; n < 10; n += 1) peer.send(`frame ${n}`)
    peer.send('last', () => {})
    await until(() => peer.bufferedAmount === 0, { what: 'the frames to leave' })
    peer.ping()
    await new Promise((resolve) => peer.once('pong', resolve))
    expect(heard.frames).toEqual([])
    link.resume()
    expect(heard.frames).toEqual([])
    await until(() => heard.frames.length === 11, { what: 'the kept frames' })
    expect(heard.frames.at(-1)).toBe('last')
    expect(heard.end).toBeUndefined()
  })

  test('what was kept for a paused listener is delivered before the end, also after a reset', async () => {
    const { link, heard, peer, connection } = await pair(side, secure)
    link.pause()
    for (let n = 0; n < 200; n += 1) peer.send(`${n}`.padEnd(1000))
    peer.ping()
    await new Promise((resolve) => peer.once('pong', resolve))
    expect(heard.frames).toEqual([])
    connection.cut('reset')
    expect(await ended(heard)).toMatchObject({ failure: 'lost' })
    expect(heard.frames.length).toBe(200)
  })

  test('what was kept for a paused listener is delivered before the end of a polite close', async () => {
    const { link, heard, peer } = await pair(side, secure)
    link.pause()
    for (let n = 0; n < 200; n += 1) peer.send(`${n}`.padEnd(1000))
    peer.close(1000)
    expect(await ended(heard)).toMatchObject({ clean: true, code: 1000 })
    expect(heard.frames.length).toBe(200)
  })

  if (can.stopsReading) {
    test('a paused listener makes the peer feel back-pressure', async () => {
      const { link, heard, peer } = await pair(side, secure)
      link.pause()
      for (let n = 0; n < 64; n += 1) peer.send(Buffer.alloc(mebibyte, n))
      await atRest(() => peer.bufferedAmount)
      expect(peer.bufferedAmount).toBeGreaterThan(16 * mebibyte)
      link.resume()
      await until(() => heard.frames.length === 64, { what: 'all of it', timeoutMs: 20_000 })
    })
  }

  if (can.deliversWhileClosing) {
    test('closing goes on reading for a paused listener until the peer has ended', async () => {
      const { link, heard, peer } = await pair(side, secure)
      link.pause()
      for (let n = 0; n < 8; n += 1) peer.send(Buffer.alloc(mebibyte, n))
      const end = await link.close(1000, '')
      expect(end).toMatchObject({ clean: true, forced: false })
      expect(heard.frames.length).toBe(8)
    })
  }

  if (can.deliversWhileClosing) {
    test('what arrives while the close handshake is under way is delivered', async () => {
      const { link, heard, peer, toPeer } = await pair(side, secure)
      toPeer.stall()
      const closed = link.close(1000, '')
      for (let n = 0; n < 20; n += 1) peer.send(`late ${n}`)
      await until(() => heard.frames.length === 20, { what: 'the late frames' })
      toPeer.unstall()
      expect(await closed).toMatchObject({ clean: true, forced: false })
    })
  }

  test('what arrives while the last bytes still have to leave is delivered', async () => {
    const { link, heard, peer, toPeer } = await pair(side, secure)
    toPeer.stall()
    for (let n = 0; n < 32; n += 1) link.send(new Uint8Array(mebibyte))
    const closed = link.close(1000, '')
    for (let n = 0; n < 20; n += 1) peer.send(`late ${n}`)
    await until(() => heard.frames.length === 20, { what: 'the late frames' })
    toPeer.unstall()
    expect(await closed).toMatchObject({ clean: true, flushed: true, forced: false })
  })

  test('a stalled peer makes the link busy, and what it holds stays bounded until it drains', async () => {
    const lowWaterBytes = 128 * 1024
    const { link, heard, peerFrames, toPeer } = await pair(side, secure, { lowWaterBytes })
    toPeer.stall()
    const frame = new Uint8Array(32 * 1024)
    const total = 1024
    let sent = 0
    let most = 0
    const fill = () => {
      for (; link.writable && sent < total; sent += 1) {
        link.send(frame)
        most = Math.max(most, link.bufferedBytes)
      }
    }
    heard.onDrain = fill
    fill()
    await atRest(() => sent)
    expect(link.writable).toBe(false)
    expect(sent).toBeLessThan(total)
    expect(link.bufferedBytes).toBeGreaterThan(lowWaterBytes)
    const drains = heard.log.filter((entry) => entry === 'drain').length
    toPeer.unstall()
    await until(() => peerFrames.length === total, { what: 'everything to arrive', timeoutMs: 20_000 })
    expect(heard.log.filter((entry) => entry === 'drain').length).toBeGreaterThan(drains)
    expect(most).toBeLessThan(lowWaterBytes + 2 * frame.length)
    await until(() => link.writable && link.bufferedBytes === 0, { what: 'the link to be idle' })
  })

  test('a peer that never answers the close ends at the deadline, told as forced', async () => {
    const { link, toPeer } = await pair(side, secure)
    toPeer.stall()
    link.send('unheard')
    const start = performance.now()
    const end = await link.close(1000, '', { lingerMs: 150 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(140)
    expect(end).toMatchObject({ clean: false, forced: true, failure: 'lost', peerEnded: false })
    // Those few bytes fit into the kernel's buffers.
    expect(end).toMatchObject({ flushed: true, bytesUnsent: 0 })
  })

  test('bytes that never left are counted in the end', async () => {
    const { link, toPeer } = await pair(side, secure)
    toPeer.stall()
    for (let n = 0; n < 32; n += 1) link.send(new Uint8Array(mebibyte))
    await atRest(() => link.bufferedBytes)
    const end = await link.close(1000, '', { lingerMs: 20 })
    expect(end).toMatchObject({ clean: false, forced: true, flushed: false })
    expect(end.bytesUnsent).toBeGreaterThan(16 * mebibyte)
    expect(end.bytesUnsent).toBeLessThanOrEqual(32 * mebibyte)
  })

  if (can.stopsReading) {
    test('the close timer of ws does not run while what was accepted still has to leave', async () => {
      const closeTimeout = 1500
      const it = await pair(side, secure, {}, { closeTimeout })
      it.toPeer.stall()
      for (let n = 0; n < 32; n += 1) it.link.send(new Uint8Array(mebibyte))
      const start = performance.now()
      const closed = it.link.close(1000, '', { lingerMs: 30_000 })
      await until(() => performance.now() - start > closeTimeout + 50, { what: 'that time to be over' })
      it.toPeer.unstall()
      expect(await closed).toMatchObject({ clean: true, flushed: true, forced: false })
      await until(() => it.peerFrames.length === 32, { what: 'everything to arrive' })
    })
  }

  test('abort ends at once and says so', async () => {
    const { link, heard } = await pair(side, secure)
    link.abort()
    expect(heard.end).toBeUndefined()
    expect(await ended(heard)).toMatchObject({
      clean: false,
      forced: true,
      failure: 'lost',
      code: 1006,
      flushed: true,
    })
    link.abort()
    expect(await link.close(1000, '')).toBe(heard.end)
  })

  test('the end of the connection without a close frame is a lost link', async () => {
    const { heard, connection } = await pair(side, secure)
    connection.cut('end')
    expect(await ended(heard)).toMatchObject({
      clean: false,
      code: 1006,
      failure: 'lost',
      peerEnded: can.seesFin,
    })
  })

  test('close is one thing however often it is called, and frames sent after it are dropped', async () => {
    const { link, heard, peerFrames } = await pair(side, secure)
    link.send('before')
    const first = link.close(1000, '')
    link.send('after')
    expect(link.writable).toBe(false)
    const second = link.close(4000, 'again')
    expect(await first).toBe(await second)
    expect(heard.log.filter((entry) => entry === 'end').length).toBe(1)
    expect(peerFrames).toEqual(['before'])
    link.send('long after')
    expect(await link.close(1000, '')).toBe(await first)
  })

  test('close never throws, whatever code and reason it is given', async () => {
    const it = await pair(side, secure)
    await it.link.close(1006, 'ö'.repeat(200))
    await until(() => it.peerClose, { what: 'the peer to be closed' })
    expect(it.peerClose).toEqual({ code: 1000, reason: 'ö'.repeat(61) })
  })

  test('1001 is sent where the platform allows it', async () => {
    const it = await pair(side, secure)
    await it.link.close(1001, 'later')
    await until(() => it.peerClose, { what: 'the peer to be closed' })
    expect(it.peerClose).toEqual({ code: can.sendsAnyCode ? 1001 : 1000, reason: 'later' })
  })

  test('a frame above frameBytesMax ends the link, and neither it nor what follows is delivered', async () => {
    const { heard, peer } = await pair(side, secure, { frameBytesMax: 1000 })
    peer.send('x'.repeat(1000))
    peer.send('y'.repeat(1001))
    peer.send('z')
    const end = await ended(heard)
    expect(end.error?.message).toMatch(/frameBytesMax|payload size/i)
    expect(heard.frames).toEqual(['x'.repeat(1000)])
  })

  test('an open link that is idle has no timer', async () => {
    await pair(side, secure)
    expect(liveTimers()).toEqual([])
  })

  test('timers are gone when the link is', async () => {
    const it = await pair(side, secure, { lowWaterBytes: 1 })
    it.link.send('make it busy')
    await it.link.close(1000, '')
    expect(liveTimers()).toEqual([])
  })
}
