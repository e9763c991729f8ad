import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from '@lastword/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sendOneShot } from '../src/node.ts'
import { atTheEnd, ended } from './harness.ts'
import { type HttpServed, roundOf, serveHttp } from './http-harness.ts'

describe('a round that is repeated on its way', () => {
  it('is taken in once, and answered alike while it is under way', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    const first = post('poll', roundOf(1, ['["once"]']))
    await until(() => came[0]?.heard.frames.length === 1, { what: 'the frame' })
    const second = post('poll', roundOf(1, ['["once"]']))
    came[0]?.link.send('["answer"]')
    expect((await first).frames).toEqual(['["answer"]'])
    expect((await second).frames).toEqual(['["answer"]'])
    expect(came[0]?.heard.frames).toEqual(['["once"]'])
  })

  it('is answered alike once more when it was answered', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    came[0]?.link.send('["answer"]')
    expect((await post('poll', roundOf(1, ['["once"]']))).frames).toEqual(['["answer"]'])
    expect((await post('poll', roundOf(1, ['["once"]']))).frames).toEqual(['["answer"]'])
    expect(came[0]?.heard.frames).toEqual(['["once"]'])
  })

  it('opens no second link', async () => {
    const { came, post } = await serveHttp()
    const answers = await Promise.all([post('poll', roundOf(0)), post('poll', roundOf(0))])
    for (const { control } of answers) expect(control).toEqual({ protocol: 'test' })
    expect(came).toHaveLength(1)
  })

  it('is nothing to a link that has gone on long since', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    for (let n = 1; n <= 3; n++) {
      came[0]?.link.send(`["${n}"]`)
      await post('poll', roundOf(n))
    }
    expect(await post('poll', roundOf(0))).toMatchObject({ status: 409 })
    came[0]?.link.send('["still here"]')
    expect((await post('poll', roundOf(4))).frames).toEqual(['["still here"]'])
  })
})

describe('a link that its server closes', () => {
  it('is over soon when nobody is there to be told', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    expect(await came[0]?.link.close(1000, '', { lingerMs: 50 })).toMatchObject({
      ...{ clean: false, forced: true, failure: 'lost' },
    })
  })

  it('is over in the end although its client goes on asking and never closes', async () => {
    const { came, post, requests } = await serveHttp()
    await post('poll', roundOf(0))
    const link = came[0]?.link
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    try {
      const end = link?.close(1000, '')
      let rounds = 1
      expect((await post('poll', roundOf(1))).control).toEqual({ close: [1000, ''] })
      while (came[0]?.heard.end === undefined && rounds < 100) {
        // It is answered by the next one, or by the end.
        void post('poll', roundOf(++rounds)).catch(() => {})
        await turnsUntil(() => requests.at(-1)?.complete === true && requests.length > rounds)
        await vi.advanceTimersByTimeAsync(2_000)
      }
      expect(await end).toMatchObject({ clean: false, forced: true })
      expect(rounds).toBe(31)
    } finally {
      vi.useRealTimers()
    }
  })
})

/** Lets turns of the event loop pass until it holds, and a few more: timers stand still. */
async function turnsUntil(holds: () => boolean): Promise<void> {
  for (let more = 10, turns = 0; more > 0 && turns < 100_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (holds()) more--
  }
}

it('a link whose client has closed is over, clean, when its answer has left', async () => {
  const { came, post } = await serveHttp()
  await post('poll', roundOf(0))
  const { control } = await post('poll', roundOf(1, ['["last"]'], { close: [1000, 'done'] }))
  expect(control).toEqual({ close: [1000, 'done'] })
  const heard = came[0]?.heard
  if (heard === undefined) throw new Error('there is no link')
  expect(await ended(heard)).toMatchObject({ code: 1000, reason: 'done', clean: true, flushed: true })
  expect(await post('poll', roundOf(2))).toMatchObject({ status: 410 })
})

it('rounds count in the order of their numbers, however they come', async () => {
  const { came, post, requests } = await serveHttp()
  await post('poll', roundOf(0))
  const later = post('poll', roundOf(2, ['["second"]'], { close: [1000, ''] }))
  await until(() => requests.length === 2, { what: 'the round that comes too early' })
  const sooner = post('poll', roundOf(1, ['["first"]']))
  await Promise.all([sooner, later])
  expect(came[0]?.heard.frames).toEqual(['["first"]', '["second"]'])
  expect(await until(() => came[0]?.heard.end, { what: 'the end' })).toMatchObject({
    code: 1000,
    clean: true,
  })
})

describe('what a client does wrong', () => {
  it('with a round that is too far ahead loses its link', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    expect(await post('poll', roundOf(3))).toMatchObject({ status: 400 })
    expect(await until(() => came[0]?.heard.end, { what: 'the end' })).toMatchObject({ failure: 'lost' })
  })

  it('with a round whose forerunner never comes loses its link when its time is over', async () => {
    const { came, post } = await serveHttp({ gapMs: 20 })
    await post('poll', roundOf(0))
    expect(await post('poll', roundOf(2, ['["never taken in"]']))).toMatchObject({ status: 410 })
    expect(came[0]?.heard.frames).toEqual([])
    expect(came[0]?.heard.end).toMatchObject({ failure: 'lost' })
  })

  it('with the name of a link of somebody else is nothing that the server could know', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    // Whoever guesses wrong meets nothing.
    expect(await post('poll', roundOf(1, ['["mine"]'], {}, 'another-token-by-a-test'))).toMatchObject({
      status: 410,
    })
    expect(came[0]?.heard.frames).toEqual([])
  })

  it('by opening more links than the server will keep is refused', async () => {
    const { came, post } = await serveHttp({ linksMax: 2 })
    const open = (name: string) => post('poll', roundOf(0, [], {}, `a-token-made-by-a-${name}`))
    expect((await open('one')).status).toBe(200)
    expect((await open('two')).status).toBe(200)
    expect((await open('three')).status).toBe(503)
    expect(came).toHaveLength(2)
    came[0]?.link.abort()
    await until(() => came[0]?.heard.end, { what: 'the end of one' })
    expect((await open('three')).status).toBe(200)
  })

  it.each(['poll', 'once'])('by going away in the middle of a body (%s) has said nothing', async (kind) => {
    const served = await serveHttp()
    const { came, post, requests } = served
    await post('poll', roundOf(0))
    const socket = begin(served, kind, 1000, '[{"t":"half')
    await until(() => requests.length === 2, { what: 'the request' })
    socket.destroy()
    await until(() => requests[1]?.destroyed, { what: 'the server to notice' })
    expect(came).toHaveLength(1)
    expect(came[0]?.heard.frames).toEqual([])
    // The round was not taken in: it may come again.
    came[0]?.link.send('["goes on"]')
    expect((await post('poll', roundOf(1, ['["whole"]']))).frames).toEqual(['["goes on"]'])
    expect(came[0]?.heard.frames).toEqual(['["whole"]'])
  })

  it('by letting a body stand still is refused', async () => {
    const served = await serveHttp({ gapMs: 20 })
    const socket = begin(served, 'once', 1000, '[{"t":"half')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    await until(() => answer.includes('stood still'), { what: 'the answer' })
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(served.came).toHaveLength(0)
  })

  it('by sending a body byte by byte, without end, is refused', async () => {
    const served = await serveHttp({ gapMs: 200 })
    const socket = begin(served, 'once', 1_000_000, '[')
    const trickle = setInterval(() => socket.write(' '), 5)
    atTheEnd(() => clearInterval(trickle))
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    await until(() => answer !== '', { what: 'the answer' })
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(served.came).toHaveLength(0)
  })

  it('by sending a body in many small pieces takes no more room than the body', async () => {
    const served = await serveHttp({ bodyBytesMax: 300_000 })
    const socket = connect(served.port, 'localhost')
    socket.on('error', () => {})
    atTheEnd(() => socket.destroy())
    const piece = '1\r\n \r\n'
    socket.write('POST /?lastword=once HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n')
    await until(() => served.requests.length === 1, { what: 'the request' })
    const before = heldBytes()
    let came = 0
    served.requests[0]?.on('data', ({ length }) => {
      came += length
    })
    socket.write(piece.repeat(200_000))
    await until(() => came === 200_000, { what: 'the pieces' })
    expect(heldBytes() - before).toBeLessThan(4_000_000)
  })

  it('by making many links of one request at once is refused, apart from those that poll', async () => {
    const { came, post } = await serveHttp({ linksMax: 2 })
    const answers = [post('once', '["one"]'), post('once', '["two"]')]
    await until(() => came.length === 2, { what: 'two links' })
    expect((await post('once', '["three"]')).status).toBe(503)
    expect((await post('poll', roundOf(0))).status).toBe(200)
    for (const { link } of came) link.send('["down"]')
    await Promise.all(answers)
    const later = post('once', '["three"]')
    await until(() => came.length === 4, { what: 'room again' })
    came[3]?.link.send('["down"]')
    expect((await later).frames).toEqual(['["down"]'])
  })

  it('by going away while a round hangs may come again with the same one, and is told the same', async () => {
    const served = await serveHttp()
    const { came, post, proxy } = served
    await post('poll', roundOf(0))
    const lost = post('poll', roundOf(1, ['["up"]'])).catch(() => 'lost')
    await until(() => came[0]?.heard.frames.length === 1, { what: 'the frame' })
    proxy.cutAll('reset')
    expect(await lost).toBe('lost')
    const again = post('poll', roundOf(1, ['["up"]']))
    came[0]?.link.send('["down"]')
    expect((await again).frames).toEqual(['["down"]'])
    expect(came[0]?.heard.frames).toEqual(['["up"]'])
  })

  /** The beginning of a POST that says that its body is so long. */
  function begin({ port }: HttpServed, kind: string, length: number, body: string): Socket {
    const socket = connect(port, 'localhost')
    socket.on('error', () => {})
    atTheEnd(() => socket.destroy())
    socket.write(
      `POST /?lastword=${kind} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n${body}`,
    )
    return socket
  }
})

describe('a link of one request', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('is over with its answer, which has all that was said until then', async () => {
    const { came, post } = await serveHttp()
    const answer = post('once', '["up"]')
    await until(() => came[0]?.heard.frames.length === 1, { what: 'the frame' })
    came[0]?.link.send('["one"]')
    came[0]?.link.send(Uint8Array.of(1, 2))
    expect((await answer).frames).toEqual(['["one"]', Uint8Array.of(1, 2)])
    expect(await until(() => came[0]?.heard.end, { what: 'the end' })).toMatchObject({
      ...{ code: 1006, clean: false, opened: true, failure: 'lost' },
    })
  })

  it('brings what it brings although nobody waits for the answer', async () => {
    const { came, post, proxy } = await serveHttp()
    const lost = post('once', '["up"]').catch(() => 'lost')
    await until(() => came[0]?.heard.frames.length === 1, { what: 'the frame' })
    proxy.cutAll('reset')
    expect(await lost).toBe('lost')
    expect(came[0]?.heard.end).toBeUndefined()
    came[0]?.link.send('["nobody hears it"]')
    expect(await until(() => came[0]?.heard.end, { what: 'the end' })).toMatchObject({ failure: 'lost' })
  })

  it('is over after a while although there is nothing to say', async () => {
    const { came, post } = await serveHttp({ roundMs: 20 })
    expect(await post('once', '["up"]')).toMatchObject({ status: 200, frames: [] })
    expect(came[0]?.heard.end).toMatchObject({ failure: 'lost' })
  })

  it('is made by a page that goes away, of text and bytes', async () => {
    const { came, url, requests } = await serveHttp()
    const frames = ['["größer"]', Uint8Array.of(0, 255), '["last"]']
    expect(sendOneShot(`${url}ws?room=a%20b`, frames)).toBe(true)
    await until(() => came[0]?.heard.frames.length === 3, { what: 'the frames' })
    expect(came[0]?.heard.frames).toEqual(frames)
    expect(requests[0]?.url).toBe('/ws?room=a%20b&lastword=once')
    expect(requests[0]?.headers['content-type']).toBe('text/plain')
  })

  it('is not made when it would be longer than a browser takes', async () => {
    const { url, requests } = await serveHttp()
    expect(sendOneShot(url, [`["${'é'.repeat(33_000)}"]`])).toBe(false)
    expect(sendOneShot(url, ['["fits"]'])).toBe(true)
    await until(() => requests.length === 1, { what: 'the one that fits' })
  })

  it('is a beacon where requests do not outlive their page', async () => {
    const { url } = await serveHttp()
    const beacons: Array<{ address: string; body: Blob }> = []
    vi.stubGlobal('Request', class {})
    vi.stubGlobal('navigator', {
      sendBeacon(address: string, body: Blob) {
        beacons.push({ address, body })
        return true
      },
    })
    expect(sendOneShot(url, ['["last"]'])).toBe(true)
    expect(beacons[0]?.address).toBe(`${url.replace('ws', 'http')}?lastword=once`)
    expect(beacons[0]?.body.type).toBe('text/plain')
    expect(await beacons[0]?.body.text()).toBe('["last"]')
    vi.stubGlobal('navigator', {})
    expect(sendOneShot(url, ['["last"]'])).toBe(false)
  })
})

/** What is held once everything that nobody holds has been collected, in bytes. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
