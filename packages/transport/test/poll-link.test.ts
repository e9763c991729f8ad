import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { listen, until } from '@lastword/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeHttpBody } from '../src/http-body.ts'
import { type Link, type OpenLinkOptions, openPollLink, pollLinkOpener } from '../src/node.ts'
import { atTheEnd, ended, type Record, record } from './harness.ts'
import { pollPair } from './http-harness.ts'

describe.each([false, true])('a poll link, secure %s,', (secure) => {
  it('carries frames both ways, in order, text and bytes', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    const bytes = Uint8Array.of(0, 1, 2, 255)
    const sent = ['["one"]', '["zwei, größer"]', bytes, '', '["four"]']
    for (const frame of sent) client.send(frame)
    await until(() => heard.frames.length === sent.length, { what: 'the frames at the server' })
    expect(heard.frames).toEqual(sent)
    for (const frame of sent) link.send(frame)
    await until(() => clientHeard.frames.length === sent.length, { what: 'the frames at the client' })
    expect(clientHeard.frames).toEqual(sent)
  })

  it('closed by the client loses nothing, either way', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    client.send('["last"]')
    link.send('["answer"]')
    const end = await client.close(4409, 'left')
    expect(end).toMatchObject({ code: 4409, clean: true, opened: true, flushed: true, bytesUnsent: 0 })
    expect(clientHeard.frames).toEqual(['["answer"]'])
    expect(await ended(heard)).toMatchObject({ code: 4409, reason: 'left', clean: true })
    expect(heard.frames).toEqual(['["last"]'])
  })

  it('closed by the server loses nothing, either way', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    client.send('["first"]')
    await until(() => heard.frames.length === 1, { what: 'the frame at the server' })
    for (let i = 0; i < 50; i++) link.send(`["${'x'.repeat(10_000)}${i}"]`)
    const end = await link.close(1000, 'done')
    expect(end).toMatchObject({ code: 1000, clean: true, flushed: true })
    expect(await ended(clientHeard)).toMatchObject({ code: 1000, reason: 'done', clean: true })
    expect(clientHeard.frames).toHaveLength(50)
  })
})

it('asks again when it was answered with nothing', async () => {
  const { client, clientHeard, link, requests } = await pollPair({ roundMs: 5 })
  await until(() => requests.length > 5, { what: 'further rounds' })
  link.send('["still here"]')
  await until(() => clientHeard.frames.length === 1, { what: 'the frame' })
  expect(await client.close(1000, '')).toMatchObject({ clean: true })
})

it('that loses its connection is lost, on both sides, and says so', async () => {
  const { client, clientHeard, heard, proxy } = await pollPair({ gapMs: 100 })
  client.send('["one"]')
  await until(() => heard.frames.length === 1, { what: 'the frame' })
  proxy.cutAll('reset')
  expect(await ended(clientHeard)).toMatchObject({ code: 1006, clean: false, opened: true, failure: 'lost' })
  expect(await ended(heard)).toMatchObject({ code: 1006, clean: false, failure: 'lost' })
})

it('that is given up by its server is lost', async () => {
  const { clientHeard, link, heard } = await pollPair()
  link.abort()
  expect(await ended(clientHeard)).toMatchObject({ failure: 'lost', opened: true })
  expect(await ended(heard)).toMatchObject({ failure: 'lost', forced: true })
})

it('that is given up by its client is over at once there, and soon at the server', async () => {
  const { client, clientHeard, heard } = await pollPair({ gapMs: 50 })
  client.abort()
  expect(await ended(clientHeard)).toMatchObject({ forced: true, failure: 'lost' })
  expect(await ended(heard)).toMatchObject({ failure: 'lost' })
})

it('closed by both at once is over, clean, with the codes of the other side', async () => {
  const { client, clientHeard, link, heard } = await pollPair()
  await Promise.all([client.close(4001, 'the client'), link.close(4002, 'the server')])
  expect(await ended(clientHeard)).toMatchObject({ code: 4002, clean: true })
  expect(await ended(heard)).toMatchObject({ code: 4001, clean: true })
})

it('is busy while much waits, and says when it is not', async () => {
  const { client, clientHeard, link, heard } = await pollPair()
  const frame = 'x'.repeat(50_000)
  for (const [from, told, sent] of [
    [client, clientHeard, heard],
    [link, heard, clientHeard],
  ] as [Link, Record, Record][]) {
    for (let i = 0; i < 10; i++) from.send(frame)
    expect(from.writable).toBe(false)
    expect(from.bufferedBytes).toBeGreaterThan(400_000)
    await until(() => told.log.includes('drain'), { what: 'the drain' })
    await until(() => sent.frames.length === 10, { what: 'the frames' })
    expect(from.writable).toBe(true)
    expect(from.bufferedBytes).toBe(0)
  }
})

it('brings nothing more to a server that has paused than it can keep, and all of it later', async () => {
  const { client, link, heard } = await pollPair({ bodyBytesMax: 2_000_000 })
  link.pause()
  const frames = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(500_000))
  for (const frame of frames) client.send(frame)
  // Two are under way, which is as far as it goes: what else there is stays with the client.
  await until(() => client.bufferedBytes < 6 * 500_005, { what: 'the first frames to leave' })
  expect(heard.frames).toEqual([])
  link.resume()
  await until(() => heard.frames.length === 8, { what: 'the frames' })
  expect(heard.frames).toEqual(frames)
})

it('delivers what came before the end also to a listener that has paused', async () => {
  const { clientHeard, client, link } = await pollPair()
  client.pause()
  link.send('["last"]')
  await link.close(1000, '')
  expect((await ended(clientHeard)).clean).toBe(true)
  expect(clientHeard.frames).toEqual(['["last"]'])
})

describe('a poll link that does not open says why', () => {
  async function failure(url: string, options: Partial<OpenLinkOptions> = {}) {
    const link = openPollLink(url, { protocols: ['test'], ...options })
    const heard = record(link)
    const end = await ended(heard)
    expect(heard.log).toEqual(['end'])
    expect(end).toMatchObject({ opened: false, clean: false, code: 1006 })
    return end
  }

  async function answering(status: number, body: string): Promise<string> {
    const server: Server = createServer((_, response) => {
      response.statusCode = status
      response.end(body)
    })
    const port = await listen(server)
    atTheEnd(() => server.close())
    return `ws://localhost:${port}/`
  }

  it('where nobody listens', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const end = await failure(`ws://127.0.0.1:${port}/`)
    expect(end).toMatchObject({ failure: 'unreachable', error: { code: 'ECONNREFUSED', syscall: 'connect' } })
  })

  it('where the certificate is not trusted', async () => {
    const { port } = await pollPair({ secure: true })
    expect(await failure(`wss://localhost:${port}/`)).toMatchObject({ failure: 'certificate' })
  })

  it('where an HTTP server has something against it', async () => {
    expect(await failure(await answering(403, 'not you\n'))).toMatchObject({
      failure: 'upgrade-refused',
      httpStatus: 403,
      error: { message: 'HTTP 403: not you' },
    })
  })

  it.each(['<!doctype html>', '', '["a frame"]'])('where something else answers: %j', async (body) => {
    expect(await failure(await answering(200, body))).toMatchObject({
      failure: 'upgrade-refused',
      httpStatus: 200,
    })
  })

  it('where the subprotocol is not spoken', async () => {
    const body = Buffer.from(encodeHttpBody([], { protocol: 'other' }) as Uint8Array)
    const server = createServer((_, response) => response.end(body))
    const port = await listen(server)
    atTheEnd(() => server.close())
    expect(await failure(`ws://localhost:${port}/`)).toMatchObject({ failure: 'subprotocol-refused' })
  })

  it('where nobody answers in time', async () => {
    const server = createTcpServer(() => {})
    const port = await listen(server as unknown as Server)
    atTheEnd(() => server.close())
    const end = await failure(`ws://localhost:${port}/`, { connectTimeoutMs: 20 })
    expect(end).toMatchObject({ failure: 'unreachable', error: { message: 'no answer within 20 ms' } })
  })

  it('where it was closed before', async () => {
    const link = openPollLink(await answering(200, ''), { protocols: ['test'] })
    expect(await link.close(1000, '')).toMatchObject({ opened: false, failure: 'unreachable' })
  })

  it('and one with an address that is none is not made', () => {
    expect(() => openPollLink('not an address', { protocols: ['test'] })).toThrow(TypeError)
  })
})

describe('a poll link whose server answers as a test says', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A link that is open, and the rounds that wait for their answers. */
  async function scripted(options: Partial<OpenLinkOptions> = {}) {
    const rounds: Array<(body: BodyInit, status?: number) => void> = []
    const link = pollLinkOpener({
      fetch: () =>
        new Promise((resolve) => {
          rounds.push((body, status = 200) => resolve(new Response(body, { status })))
        }),
    })('ws://localhost:1/', { protocols: ['test'], ...options })
    const heard = record(link)
    const answer = (n: number, frames: string[], more?: object) =>
      rounds[n]?.(encodeHttpBody(frames, more) as BodyInit)
    answer(0, [], { protocol: 'test' })
    await until(() => heard.log.includes('open') && rounds.length === 2, { what: 'the link to open' })
    return { link, heard, rounds, answer }
  }

  it('takes answers in the order of their rounds', async () => {
    const { link, heard, rounds, answer } = await scripted()
    link.send('["up"]')
    await until(() => rounds.length === 3, { what: 'the second round' })
    answer(2, ['["second"]'])
    answer(1, ['["first"]'])
    await until(() => heard.frames.length === 2, { what: 'both' })
    expect(heard.frames).toEqual(['["first"]', '["second"]'])
  })

  it('has two rounds under way at most', async () => {
    const { link, rounds, answer } = await scripted()
    for (let i = 0; i < 5; i++) {
      link.send('["up"]')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(rounds).toHaveLength(3)
    answer(1, [])
    await until(() => rounds.length === 4, { what: 'the next one' })
  })

  it('is over when a frame is larger than it takes, and nothing of that is delivered', async () => {
    const { heard, answer } = await scripted({ frameBytesMax: 10 })
    answer(1, ['["small"]', '["too large"]'])
    expect(await ended(heard)).toMatchObject({ failure: 'lost', forced: true })
    expect(heard.frames).toEqual(['["small"]'])
  })

  it('is over when an answer is longer than anything that a server may say', async () => {
    const { heard, rounds } = await scripted({ frameBytesMax: 10 })
    rounds[1]?.(new Uint8Array(100_000))
    expect(await ended(heard)).toMatchObject({
      failure: 'lost',
      error: { message: 'an answer of more than 69642 bytes' },
    })
  })

  it.each([
    ['is none', 'hello', 200],
    ['says that there is no such link', 'There is no such link here (any more).', 410],
    ['is that of something on the way', 'bad gateway', 502],
  ])('is over when an answer %s', async (_, body, status) => {
    const { heard, rounds } = await scripted()
    rounds[1]?.(body, status)
    expect(await ended(heard)).toMatchObject({ failure: 'lost', code: 1006, opened: true })
  })

  it('is over when a round is not answered at all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { heard } = await scripted()
    await vi.advanceTimersByTimeAsync(29_999)
    expect(heard.end).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(await ended(heard)).toMatchObject({
      failure: 'lost',
      error: { message: 'no answer within 30000 ms' },
    })
  })

  it('is over when its close is not answered, and not clean', async () => {
    const { link } = await scripted()
    expect(await link.close(1000, '', { lingerMs: 20 })).toMatchObject({
      clean: false,
      forced: true,
      failure: 'lost',
    })
  })

  it('is not clean when the server has not closed too', async () => {
    const { link, heard, rounds, answer } = await scripted()
    void link.close(1000, '')
    await until(() => rounds.length === 3, { what: 'the close' })
    answer(1, ['["late"]'])
    answer(2, [])
    expect(await ended(heard)).toMatchObject({ clean: false, code: 1006, failure: 'lost' })
    expect(heard.frames).toEqual(['["late"]'])
  })

  it('has the code of the server that closed, and is not clean, when its own close gets lost', async () => {
    const { heard, rounds, answer } = await scripted()
    answer(1, [], { close: [4409, 'superseded'] })
    await until(() => rounds.length === 3, { what: 'the close' })
    rounds[2]?.('', 502)
    expect(await ended(heard)).toMatchObject({ code: 4409, clean: false, failure: 'lost', peerEnded: true })
  })
})
