import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { certificate, listen, until } from '@lastword/testkit'
import { expect, test } from 'vitest'
import {
  type LinkEnd,
  type NodeClientOptions,
  nodeLinkOpener,
  type OpenLinkOptions,
  openBrowserLink,
  openNodeLink,
} from '../src/node.ts'
import { atTheEnd, ended, record, serve, undiciWebSocket, url } from './harness.ts'

async function failure(
  address: string,
  clientOptions: NodeClientOptions = {},
  options: Partial<OpenLinkOptions> = {},
): Promise<LinkEnd> {
  const link = nodeLinkOpener(clientOptions)(address, { protocols: ['test'], ...options })
  const heard = record(link)
  expect(link.writable).toBe(false)
  link.send('dropped')
  const end = await ended(heard)
  expect(heard.log).toEqual(['end'])
  expect(end).toMatchObject({ opened: false, clean: false, code: 1006, flushed: true, bytesUnsent: 0 })
  expect(end.error).toBeInstanceOf(Error)
  return end
}

/** A TCP server that treats every connection as it is told. */
async function tcp(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  atTheEnd(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return listen(server)
}

async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a refused connection is unreachable', async () => {
  const end = await failure(url(false, await closedPort()))
  expect(end.failure).toBe('unreachable')
  expect((end.error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED')
})

test('a name that is not found is unreachable', async () => {
  const lookup = (_name: string, _options: object, callback: (error: Error) => void) =>
    callback(Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.invalid'), { code: 'ENOTFOUND' }))
  const end = await failure('ws://nowhere.invalid', { lookup })
  expect(end.failure).toBe('unreachable')
  expect((end.error as NodeJS.ErrnoException).code).toBe('ENOTFOUND')
})

for (const secure of [false, true]) {
  test(`a server that says nothing is unreachable once the time to connect is over (${secure ? 'wss' : 'ws'})`, async () => {
    const end = await failure(url(secure, await tcp(() => {})), {}, { connectTimeoutMs: 60 })
    expect(end.failure).toBe('unreachable')
    expect(end.error?.message).toBe('The connection was not made within 60 ms.')
  })
}

test('a connection that ends during the handshake is unreachable', async () => {
  expect((await failure(url(false, await tcp((socket) => socket.end())))).failure).toBe('unreachable')
  expect((await failure(url(true, await tcp((socket) => socket.end())))).failure).toBe('unreachable')
})

test('a certificate that nobody vouches for is told as such', async () => {
  const end = await failure(url(true, await serve(true, () => {})))
  expect(end.failure).toBe('certificate')
  expect((end.error as NodeJS.ErrnoException).code).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/)
})

test('a certificate for another name is told as such', async () => {
  const { cert } = await certificate()
  const end = await failure(url(true, await serve(true, () => {})), { ca: cert, servername: 'other.example' })
  expect(end.failure).toBe('certificate')
  expect((end.error as NodeJS.ErrnoException).code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})

test('a server that does not speak TLS is not reached, and no certificate is blamed', async () => {
  const end = await failure(url(true, await serve(false, () => {})))
  expect(end).toMatchObject({ failure: 'unreachable', error: { code: 'EPROTO' } })
})

test('an HTTP answer in place of the upgrade is told with its status', async () => {
  const server = createHttpServer((_, response) => response.writeHead(403).end('no'))
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'))
  atTheEnd(() => server.close())
  const end = await failure(url(false, await listen(server)))
  expect(end).toMatchObject({ failure: 'upgrade-refused', httpStatus: 401 })
})

test('a server that selects no subprotocol refuses it', async () => {
  const port = await serve(false, () => {}, { handleProtocols: () => false })
  expect((await failure(url(false, port))).failure).toBe('subprotocol-refused')
})

test('a server that selects another subprotocol refuses it', async () => {
  const port = await serve(false, () => {}, { handleProtocols: () => 'other' })
  expect((await failure(url(false, port))).failure).toBe('subprotocol-refused')
})

test('of several subprotocols the server may select any', async () => {
  const port = await serve(false, () => {}, { handleProtocols: () => 'second' })
  const link = openNodeLink(url(false, port), { protocols: ['first', 'second'] })
  const heard = record(link)
  await until(() => heard.log.includes('open'), { what: 'the link to open' })
  expect(link.protocol).toBe('second')
  expect(await link.close(1000, '')).toMatchObject({ clean: true })
})

test('headers and the certificate authority of the opener are used', async () => {
  let header: string | string[] | undefined
  const port = await serve(true, (_, request) => {
    header = request.headers['x-who']
  })
  const { cert } = await certificate()
  const link = nodeLinkOpener({ ca: cert, headers: { 'x-who': 'me' } })(url(true, port), {
    protocols: ['test'],
  })
  const heard = record(link)
  await until(() => heard.log.includes('open'), { what: 'the link to open' })
  expect(header).toBe('me')
  await link.close(1000, '')
})

test('a malformed URL is thrown at the caller', () => {
  expect(() => openNodeLink('not a url', { protocols: [] })).toThrow(/url/i)
})

for (const [name, open] of [
  ['Node', async () => openNodeLink],
  [
    'browser',
    async () => {
      const webSocket = await undiciWebSocket()
      return (address: string, options: OpenLinkOptions) =>
        openBrowserLink(address, { ...options, webSocket })
    },
  ],
] as const) {
  test(`${name}: a link closed while it connects is over at once, and nobody calls it opened`, async () => {
    const link = (await open())(url(false, await tcp(() => {})), { protocols: [] })
    const heard = record(link)
    const end = await link.close(1000, '')
    expect(heard.log).toEqual(['end'])
    expect(end).toMatchObject({ opened: false, clean: false, forced: false, flushed: true })
    expect(end.failure).toBe(name === 'Node' ? 'unreachable' : 'not-opened')
  })

  test(`${name}: a link aborted while it connects is over at once`, async () => {
    const link = (await open())(url(false, await tcp(() => {})), { protocols: [] })
    const heard = record(link)
    link.abort()
    expect(await ended(heard)).toMatchObject({ opened: false, forced: true })
    expect(heard.log).toEqual(['end'])
  })
}

test('browser: a link that cannot be made was not opened, whatever the reason', async () => {
  const webSocket = await undiciWebSocket()
  const addresses = [
    url(false, await closedPort()),
    url(false, await serve(false, () => {}, { handleProtocols: () => false })),
    url(true, await serve(false, () => {})),
  ]
  for (const address of addresses) {
    const heard = record(openBrowserLink(address, { protocols: ['test'], webSocket }))
    expect(await ended(heard)).toMatchObject({
      opened: false,
      clean: false,
      failure: 'not-opened',
      forced: false,
    })
    expect(heard.log).toEqual(['end'])
  }
})

test('browser: the time to connect is bounded', async () => {
  const webSocket = await undiciWebSocket()
  const address = url(false, await tcp(() => {}))
  const heard = record(openBrowserLink(address, { protocols: [], webSocket, connectTimeoutMs: 60 }))
  expect(await ended(heard)).toMatchObject({ opened: false, failure: 'not-opened' })
})

test('browser: without a WebSocket class the call says what to do', () => {
  expect(() => openBrowserLink('ws://127.0.0.1:1', { protocols: [] })).toThrow('option webSocket')
})

test('browser: an open socket whose server has selected no subprotocol is closed, and nothing leaves on it', async () => {
  const told: unknown[] = []
  class Lenient extends EventTarget {
    readyState = 0
    bufferedAmount = 0
    protocol = ''
    constructor() {
      super()
      queueMicrotask(() => {
        this.readyState = 1
        this.dispatchEvent(new Event('open'))
      })
    }
    send(frame: unknown) {
      told.push(frame)
    }
    close() {
      told.push('close')
    }
  }
  const link = openBrowserLink('ws://x/', { protocols: ['test'], webSocket: Lenient as never })
  const heard = record(link)
  await new Promise<void>((resolve) => queueMicrotask(resolve))
  link.send('dropped')
  expect(told).toEqual(['close'])
  expect(await ended(heard)).toMatchObject({ opened: false, failure: 'subprotocol-refused' })
  expect(heard.log).toEqual(['end'])
})
