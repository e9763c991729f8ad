import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createProxy, type Proxy, until } from '@lastword/testkit'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { atRest, atTheEnd, serve, undiciWebSocket, url } from './harness.ts'
import { losses, type Pair, pair, rounds, tell } from './loss-pair.ts'

/**
 * `docs/draining.md` lists where a message is lost at close. Here each place that can be shown in a few rounds loses
 * on a bare socket, and loses nothing on a link that does the same for its application.
 */

const mebibyte = 1024 * 1024

const message = Buffer.alloc(mebibyte, 'x')
const large = Buffer.alloc(8 * mebibyte, 'x')

for (const secure of [false, true]) {
  describe(`sending over ${secure ? 'wss' : 'ws'}`, () => {
    test('A1: terminate() takes the queue away, and the callback has no error', async () => {
      let withoutError = 0
      const bare = await losses(async () => {
        const { server, toClient, clientClosed } = await pair(secure)
        const told = new Promise<Error | undefined>((resolve) => server.send(large, resolve))
        server.terminate()
        if (!(await told)) withoutError += 1
        await clientClosed
        return toClient.length === 0
      })
      const linked = await losses(async () => {
        const { link, toClient, clientClosed } = await pair(secure)
        const it = link()
        it.send(large)
        const end = await it.close(1000, '')
        await clientClosed
        return toClient.length === 0 || !end.clean
      })
      tell(`A1 ${secure ? 'wss' : 'ws'}`, { bare, 'callbacks without an error': withoutError, linked })
      expect({ bare, withoutError, linked }).toEqual({ bare: rounds, withoutError: rounds, linked: 0 })
    })

    test('A8: terminate() while the client uploads makes the kernel reset, and that takes sent bytes back', async () => {
      function upload(client: WebSocket): void {
        for (let n = 0; n < 8; n += 1) client.send(message)
      }
      const bare = await losses(async () => {
        const { server, client, toClient, clientClosed } = await pair(secure)
        upload(client)
        await once(server, 'message')
        server.send(message, () => server.terminate())
        await clientClosed
        return toClient.length === 0
      })
      const linked = await losses(async () => {
        const { server, client, link, toClient, toServer, clientClosed } = await pair(secure)
        upload(client)
        await once(server, 'message')
        const it = link()
        it.send(message)
        const end = await it.close(1000, '')
        await clientClosed
        return toClient.length === 0 || toServer.length < 8 || !end.clean
      })
      tell(`A8 ${secure ? 'wss' : 'ws'}`, { bare, linked })
      expect(bare).toBeGreaterThan(0)
      expect(linked).toBe(0)
    })
  })
}

test('A2: the close time-out of ws destroys a connection that still drains', async () => {
  const closeTimeout = 200
  const stall = (proxy: Proxy) => {
    const direction = proxy.connections[0]?.toClient
    direction?.stall()
    return () => direction?.unstall()
  }
  const pastTheTimeout = async (start: number) =>
    until(() => performance.now() - start > 2 * closeTimeout, { what: 'that time to be over' })
  const sends = Array.from({ length: 16 }, () => message)
  const { server, proxy, toClient, clientClosed } = await pair(false, { closeTimeout })
  const unstall = stall(proxy)
  for (const part of sends) server.send(part)
  server.close(1000)
  await pastTheTimeout(performance.now())
  unstall()
  await clientClosed
  const bareArrived = toClient.length

  const other = await pair(false, { closeTimeout })
  const unstallOther = stall(other.proxy)
  const it = other.link()
  for (const part of sends) it.send(part)
  const closing = it.close(1000, '')
  await pastTheTimeout(performance.now())
  unstallOther()
  expect(await closing).toMatchObject({ clean: true, forced: false })
  await other.clientClosed
  const shortAtLink = sends.length - other.toClient.length
  tell('A2, messages of 16', { 'bare, lost': sends.length - bareArrived, 'linked, lost': shortAtLink })
  expect(bareArrived).toBeLessThan(sends.length)
  expect(shortAtLink).toBe(0)
})

test('A3: end() and terminate() on a socket lose what zlib still has', async () => {
  const options = { perMessageDeflate: { threshold: 0 } }
  const bare = (end: (it: Pair) => void) =>
    losses(async () => {
      const it = await pair(false, options)
      it.server.send(message, () => {})
      end(it)
      await it.clientClosed
      return it.toClient.length === 0
    })
  const terminated = await bare(({ server }) => server.terminate())
  const ended = await bare(({ raw }) => raw.end())
  const linked = await losses(async () => {
    const it = await pair(false, options)
    const link = it.link()
    link.send(message)
    await link.close(1000, '')
    await it.clientClosed
    return it.toClient.length === 0
  })
  tell('A3', { terminated, ended, linked })
  expect({ terminated, ended, linked }).toEqual({ terminated: rounds, ended: rounds, linked: 0 })
})

test('A4: send() after the close has begun is dropped without a throw; only its callback tells', async () => {
  const errors: (Error | undefined)[] = []
  const lost = await losses(async () => {
    const { server, toClient, clientClosed } = await pair()
    server.close(1000)
    server.send('after', (error) => errors.push(error))
    await clientClosed
    return toClient.length === 0
  })
  tell('A4', { bare: lost })
  expect(lost).toBe(rounds)
  expect(errors.every((error) => error instanceof Error)).toBe(true)
})

test('A5: a peer that half-closes and waits for its answer gets none, and a link says that it did not go', async () => {
  const bare = await losses(async () => {
    const { server, proxy, toClient, clientClosed } = await pair()
    proxy.connections[0]?.toServer.halfClose()
    await until(() => server.readyState !== server.OPEN, { what: 'the FIN' })
    server.send('answer', () => {})
    await clientClosed
    return toClient.length === 0
  })
  const { link, proxy } = await pair()
  const it = link()
  proxy.connections[0]?.toServer.halfClose()
  const end = await until(() => (it.writable ? undefined : it.close(1000, '')), { what: 'the FIN' })
  tell('A5', { bare })
  expect(bare).toBe(rounds)
  expect(end).toMatchObject({ clean: false, failure: 'lost', peerEnded: true })
})

test('A10: a reset takes back what the kernel has but the peer does not', async () => {
  const bare = await losses(async () => {
    const { server, raw, proxy, toClient, clientClosed } = await pair()
    proxy.connections[0]?.toClient.stall()
    server.send(large, () => {})
    // As much as the kernel takes has left.
    await atRest(() => server.bufferedAmount)
    raw.resetAndDestroy()
    proxy.connections[0]?.toClient.unstall()
    await clientClosed
    return toClient.length === 0
  })
  tell('A10', { bare })
  expect(bare).toBe(rounds)
})

describe('A7: a server that exits', () => {
  const script = fileURLToPath(new URL(`../node_modules/.cache/exits-${process.pid}.mjs`, import.meta.url))
  beforeAll(() =>
    build({
      entryPoints: [fileURLToPath(new URL('exits/program.ts', import.meta.url))],
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      conditions: ['@lastword/source'],
      logLevel: 'silent',
    }),
  )
  afterAll(() => rm(script, { force: true }))

  async function lostAtExit(how: 'bare' | 'link'): Promise<boolean> {
    const child = spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'inherit'] })
    atTheEnd(() => child.kill('SIGKILL'))
    const [port] = await once(child.stdout, 'data')
    const client = new WebSocket(url(false, Number(String(port))))
    client.on('error', () => {})
    let length = 0
    client.on('message', (data) => {
      length = (data as Buffer).length
    })
    await once(client, 'close')
    return length !== 4 * large.length
  }

  test('loses what its process still held, and nothing if it exits when its link has closed', async () => {
    const bare = await losses(() => lostAtExit('bare'))
    const linked = await losses(() => lostAtExit('link'))
    tell('A7', { bare, linked })
    // Now and then the kernel has taken all of it before the process is gone.
    expect(bare).toBeGreaterThan(0)
    expect(linked).toBe(0)
  })
})

for (const secure of [false, true]) {
  describe(`receiving over ${secure ? 'wss' : 'ws'}`, () => {
    /** The server is paused while the client sends more than the user-space buffers hold. */
    async function paused(options: { closeTimeout?: number } = {}): Promise<Pair> {
      const it = await pair(secure, options)
      it.server.pause()
      for (let n = 0; n < 8; n += 1) it.client.send(message)
      await until(() => it.client.bufferedAmount < 8 * mebibyte, { what: 'some of it to leave' })
      return it
    }

    test('B2: terminate() of a paused socket loses what the kernel still has', async () => {
      const bare = await losses(async () => {
        const { server, toServer } = await paused()
        const closed = once(server, 'close')
        server.terminate()
        await closed
        return toServer.length < 8
      })
      tell(`B2 ${secure ? 'wss' : 'ws'}`, { bare })
      expect(bare).toBe(rounds)
    })

    test('B3: close() of a paused socket never reads the close frame of the peer, and loses what is before it', async () => {
      const bare = await losses(async () => {
        const { server, toServer } = await paused({ closeTimeout: 50 })
        const closed = once(server, 'close')
        server.close(1000)
        await closed
        return toServer.length < 8
      })
      const linked = await losses(async () => {
        const { client, link, toServer } = await pair(secure)
        const it = link()
        it.pause()
        for (let n = 0; n < 8; n += 1) client.send(message)
        await until(() => client.bufferedAmount < 8 * mebibyte, { what: 'some of it to leave' })
        const end = await it.close(1000, '')
        return toServer.length < 8 || !end.clean
      })
      tell(`B3 ${secure ? 'wss' : 'ws'}`, { bare, linked })
      expect({ bare, linked }).toEqual({ bare: rounds, linked: 0 })
    })
  })
}

test('B4: what comes behind a message that is too large is thrown away', async () => {
  const lost = await losses(async () => {
    const { server, client, toServer } = await pair(false, { maxPayload: 1000 })
    const closed = new Promise((resolve) => server.once('close', resolve))
    client.send(Buffer.alloc(1001))
    for (let n = 0; n < 5; n += 1) client.send('small')
    await closed
    return toServer.length === 0
  })
  tell('B4', { bare: lost })
  expect(lost).toBe(rounds)
})

test('B6: a Pong can be missing although everything arrived, so closeAfterPong takes the close frame as well', async () => {
  const { server, client, toClient } = await pair()
  // The client has begun to close: its library answers no Ping any more, and still hands messages on.
  let pong = false
  server.on('pong', () => {
    pong = true
  })
  server.send('answer')
  server.ping()
  client.close(1000)
  await once(server, 'close')
  expect({ pong, toClient }).toEqual({ pong: false, toClient: [6] })
})

test('B7: a native WebSocket drops what arrives after its own close()', async () => {
  const Native = await undiciWebSocket()
  const lost = await losses(async () => {
    let server: WebSocket | undefined
    const port = await serve(false, (socket) => {
      server = socket
    })
    const proxy = await createProxy({ targetPort: port })
    atTheEnd(() => proxy.close())
    const client = new Native(url(false, proxy.port))
    let got = 0
    client.addEventListener('message', () => {
      got += 1
    })
    await until(() => server && client.readyState === 1, { what: 'the connection' })
    const toClient = proxy.connections[0]?.toClient
    toClient?.stall()
    for (let n = 0; n < 10; n += 1) server?.send('under way')
    client.close()
    toClient?.unstall()
    await new Promise((resolve) => client.addEventListener('close', resolve))
    return got === 0
  })
  tell('B7', { bare: lost })
  expect(lost).toBe(rounds)
})

test('B9: a connection that is cut without close_notify ends as if nothing were wrong', async () => {
  const { client, clientClosed, proxy, raw } = await pair(true)
  const errors: unknown[] = []
  client.on('error', (error) => errors.push(error))
  raw.on('error', () => {})
  proxy.cutAll('end')
  const [code] = (await clientClosed) as [number]
  expect({ code, errors }).toEqual({ code: 1006, errors: [] })
})
