import { HandshakeError } from '@lastword/sdk'
import { polling } from '@lastword/sdk/polling'
import { describe, expect, test } from 'vitest'
import type { RefusedLink } from '../src/index.ts'
import { hello } from './by-hand.ts'
import { later, schemes, until, within } from './harness.ts'
import { serveHttp } from './http-served.ts'
import { roundBody } from './memory-post.ts'

describe.each(schemes)('%s, a session that polls', (scheme) => {
  test('asks, is answered, and closes clean on both sides', async () => {
    const { adapter, connect, polls, sessions } = await serveHttp(scheme)
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    const session = connect(polls)
    expect(await session.request('ask', 21)).toBe(42)
    expect(adapter.stats().links).toBe(1)
    expect(await within('the close', session.close())).toMatchObject({ clean: true, handledTotal: 1 })
    expect(await sessions[0]?.closed).toMatchObject({ clean: true })
    await until(() => adapter.stats().links === 0, { what: 'the end of the link' })
  })

  test('gets the answer of a server that closes at once, every time', async () => {
    const { adapter, connect, polls } = await serveHttp(scheme)
    adapter.onSession((session) => {
      session.handle('offer', (sdp: string) => {
        queueMicrotask(() => void session.close())
        return `answer to ${sdp}`
      })
    })
    for (let round = 0; round < 20; round++) {
      const session = connect(polls)
      expect(await session.request('offer', `offer ${round}`)).toBe(`answer to offer ${round}`)
      expect(await within('its end', session.closed)).toMatchObject({ clean: true })
    }
  })

  test('carries many messages, large and binary ones too, both ways, in order', async () => {
    const { adapter, connect, polls } = await serveHttp(scheme)
    const got: unknown[] = []
    const sizes = [0, 1, 60_000, 200_000, 1_000_000, 3]
    adapter.onSession((session) => {
      session.handle('bytes', (bytes: Uint8Array) => {
        got.push(bytes.length)
        return bytes
      })
      session.handle('n', (n: number) => void got.push(n))
    })
    const session = connect(polls)
    const all: Promise<unknown>[] = []
    for (let n = 0; n < 300; n++) all.push(session.send('n', n))
    const back = sizes.map((size) => session.request('bytes', new Uint8Array(size)) as Promise<Uint8Array>)
    await within('all of them', Promise.all(all))
    expect((await within('the answers', Promise.all(back))).map(({ length }) => length)).toEqual(sizes)
    expect(got).toEqual([...Array(300).keys(), ...sizes])
  })

  test('goes on over another link when its connections are cut', async () => {
    const { adapter, connect, polls, proxy } = await serveHttp(scheme, { onConnection: () => {} })
    const got: number[] = []
    adapter.onSession((session) => session.handle('n', (n: number) => void got.push(n)))
    const session = connect(polls)
    await session.send('n', 0)
    for (let cut = 1; cut <= 5; cut++) {
      const sent = session.send('n', cut)
      proxy.cutAll('reset')
      await within(`message ${cut}`, sent)
    }
    expect(got).toEqual([0, 1, 2, 3, 4, 5])
    expect(await within('the close', session.close())).toMatchObject({ clean: true })
  })

  test('is told when its credentials are not accepted', async () => {
    const { connect, polls } = await serveHttp(scheme, {
      adapter: { authenticate: ({ auth }) => auth === 'secret' && 'ann' },
    })
    const refused = connect({ ...polls, auth: 'wrong' })
    expect(await refused.closed).toMatchObject({ code: 'unauthorized' })
    const session = connect({ ...polls, auth: 'secret' })
    await within('the session', session.opened)
  })

  test('ends with the server, which leaves nothing hanging', async () => {
    const { adapter, connect, polls, server } = await serveHttp(scheme)
    const session = connect(polls)
    await session.opened
    expect(await within('the shutdown', adapter.shutdown())).toMatchObject({ sessions: 1, clean: 1 })
    expect(await session.closed).toMatchObject({ clean: true })
    server.closeIdleConnections()
    const count = () => new Promise<number>((resolve) => server.getConnections((_, n) => resolve(n)))
    let open = await count()
    await until(
      () => {
        void count().then((n) => {
          open = n
        })
        server.closeIdleConnections()
        return open === 0
      },
      { what: 'every connection to end' },
    )
  })
})

describe('what is said at the door', () => {
  test('other requests go on to the server that is there', async () => {
    const { httpUrl, fetch } = await serveHttp('ws')
    for (const query of ['', '?lastword=hello', '?LASTWORD=poll', '?x=lastword']) {
      const response = await fetch(httpUrl + query, { method: 'POST', body: 'x' })
      expect([response.status, await response.text()]).toEqual([404, 'the server itself'])
    }
  })

  test('a body that is none is refused, and no link is made', async () => {
    const { adapter, post } = await serveHttp('ws')
    const bodies: [string, BodyInit][] = [
      ['?lastword=poll', ''],
      ['?lastword=poll', 'hello'],
      ['?lastword=poll', new Uint8Array([0, 0, 0, 0, 9, 1])],
      ['?lastword=poll', new Uint8Array([2, 0, 0, 0, 2, 0x5b, 0x5d])],
      ['?lastword=poll', new Uint8Array([2, 0, 0, 0, 1, 0xff])],
      ['?lastword=poll', JSON.stringify([hello()])],
      ['?lastword=once', ''],
      ['?lastword=once', 'offer'],
      ['?lastword=once', new Uint8Array(roundBody(0))],
      ['?lastword=poll', new Uint8Array(roundBody(0, [], { protocols: ['other'] }))],
      ['?lastword=poll', new Uint8Array(roundBody(0, [], { link: 'short' }))],
    ]
    for (const [query, body] of bodies) expect(await post(query, body)).toMatchObject({ status: 400 })
    expect(await post('?lastword=poll', new Uint8Array(roundBody(7)))).toMatchObject({ status: 410 })
    expect(adapter.stats().ever.links).toBe(0)
    expect(adapter.stats().links).toBe(0)
  })

  test('a body that is too large is refused in plain words, before it has been read', async () => {
    const { post, httpUrl, fetch } = await serveHttp('ws', { adapter: { maxBytes: 65_536 } })
    const large = new Uint8Array(5_000_000).fill(0x5b)
    const answer = await post('?lastword=once', large)
    expect(answer).toMatchObject({ status: 413 })
    expect(answer.text).toMatch(/longer than 73728 bytes/)
    // One that does not say how long it is.
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await fetch(`${httpUrl}?lastword=once`, init)).status).toBe(413)
  })

  test('a method that makes no link is refused', async () => {
    const { httpUrl, fetch } = await serveHttp('ws')
    const response = await fetch(`${httpUrl}?lastword=poll`, {})
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  test('a body that something else has read is an error that says so', async () => {
    const { adapter, server, httpUrl, fetch } = await serveHttp('ws')
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      request.resume().on('end', () => setImmediate(() => adapter.request(request, response)))
    })
    const response = await fetch(`${httpUrl}?lastword=once`, { method: 'POST', body: '[]' })
    expect(response.status).toBe(500)
    expect(await response.text()).toMatch(/before what parses bodies/)
  })

  test('only pages of allowed origins make links, and the others can read why not', async () => {
    const { adapter, post, httpUrl, fetch } = await serveHttp('ws', {
      adapter: { allowedOrigins: ['https://app.example'] },
    })
    const refused: RefusedLink[] = []
    adapter.on('refused', (link) => refused.push(link))
    const body = JSON.stringify([hello()])
    const mine = await post('?lastword=once', body, { origin: 'https://app.example' })
    expect(mine).toMatchObject({ status: 200, heard: [{ t: 'welcome' }] })
    expect(mine.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(mine.headers.get('access-control-allow-credentials')).toBe('true')
    expect(mine.headers.get('vary')).toBe('origin')
    const other = await post('?lastword=once', body, { origin: 'https://other.example' })
    expect(other.status).toBe(403)
    expect(other.text).toBe('origin-forbidden: pages of https://other.example may not open sessions here\n')
    expect(refused).toMatchObject([{ code: 'origin-forbidden' }])
    expect(adapter.stats().ever.refused).toEqual({ 'origin-forbidden': 1 })
    const ask = (origin: string) =>
      fetch(`${httpUrl}?lastword=poll`, { method: 'OPTIONS', headers: { origin } }).then(
        ({ status }) => status,
      )
    expect(await ask('https://app.example')).toBe(204)
    expect(await ask('https://other.example')).toBe(403)
  })

  test('a function of the application that fails refuses, and its client is not told why', async () => {
    const { adapter, post } = await serveHttp('ws', {
      adapter: {
        allowedOrigins: () => {
          throw new Error('a secret of the server')
        },
      },
    })
    const refused: RefusedLink[] = []
    adapter.on('refused', (link) => refused.push(link))
    const answer = await post('?lastword=once', JSON.stringify([hello()]))
    expect(answer).toMatchObject({ status: 500, text: 'internal: the server failed\n' })
    expect(refused[0]?.error).toMatchObject({ message: 'a secret of the server' })
  })

  test('a client that is refused by HTTP says so', async () => {
    const { connect, polls } = await serveHttp('ws', { adapter: { allowedOrigins: () => false } })
    const session = connect(polls)
    const error = await later(session.opened).catch((reason) => reason)
    expect(error).toBeInstanceOf(HandshakeError)
    expect(error).toMatchObject({ reason: 'upgrade-refused', httpStatus: 403 })
    expect(await session.closed).toMatchObject({ code: 'aborted' })
  })
})

describe('a client with a fallback', () => {
  test('polls when no WebSocket gets through, and stays with it', async () => {
    const { adapter, server, connect, polls, proxy, sessions } = await serveHttp('ws', {
      onConnection: () => {},
    })
    let upgrades = 0
    server.removeAllListeners('upgrade')
    server.on('upgrade', (_, socket) => {
      upgrades++
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
    })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    const session = connect({ early: false, ...(polls.openLink && { fallback: polls.openLink }) })
    expect(await within('the answer', session.request('ask', 21))).toBe(42)
    expect(upgrades).toBe(2)
    proxy.cutAll('reset')
    expect(await within('the answer', session.request('ask', 4))).toBe(8)
    expect(upgrades).toBe(2)
    expect(sessions).toHaveLength(1)
  })

  test('does not when WebSockets do', async () => {
    const { adapter, connect, proxy, server } = await serveHttp('ws', { onConnection: () => {} })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    let requests = 0
    server.on('request', () => requests++)
    const session = connect({ fallback: polling })
    await session.opened
    for (let cut = 0; cut < 3; cut++) {
      proxy.cutAll('reset')
      expect(await within('the answer', session.request('ask', 4))).toBe(8)
    }
    expect(requests).toBe(0)
  })

  test('does not when the server itself refuses', async () => {
    const { server, connect } = await serveHttp('ws')
    server.removeAllListeners('upgrade')
    server.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
    })
    let requests = 0
    server.on('request', () => requests++)
    const session = connect({ fallback: polling })
    expect(await within('its end', session.closed)).toMatchObject({ code: 'aborted' })
    expect(requests).toBe(0)
  })
})

describe('a link of one request', () => {
  test('brings what it brings, is answered, and leaves the session to the next link', async () => {
    const { adapter, post, sessions } = await serveHttp('ws')
    const got: unknown[] = []
    adapter.onSession((session) => session.handle('n', (n: number) => void got.push(n)))
    const message = { t: 'msg', seq: 1, id: 'm1', ch: 'n', d: 7 }
    expect(await post('?lastword=once', JSON.stringify([hello(), message]))).toMatchObject({
      status: 200,
      heard: [
        { t: 'welcome', resumed: false },
        { t: 'ack', n: 1 },
      ],
    })
    expect(got).toEqual([7])
    await until(() => sessions[0]?.state === 'recovering', { what: 'the end of the link' })
    const again = await post(
      '?lastword=once',
      JSON.stringify([hello({ fresh: false, link: 2 }), { t: 'fin', seq: 2 }]),
    )
    expect(again.heard[0]).toMatchObject({ t: 'welcome', resumed: true, got: 1 })
  })

  test('that comes twice is handled once', async () => {
    const { adapter, post } = await serveHttp('ws')
    const got: unknown[] = []
    adapter.onSession((session) => session.handle('n', (n: number) => void got.push(n)))
    const body = JSON.stringify([hello(), { t: 'msg', seq: 1, id: 'm1', ch: 'n', d: 7 }])
    await Promise.all([post('?lastword=once', body), post('?lastword=once', body)])
    await post('?lastword=once', body)
    expect(got).toEqual([7])
    expect(adapter.stats().ever.sessions).toBe(1)
  })
})
