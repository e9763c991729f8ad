import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { certificate, listen, until } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type NodeClientOptions, nodeLinkOpener } from '../src/open-node-link.ts'
import { tlsMemory } from '../src/tls-memory.ts'
import { atTheEnd, ended, record } from './harness.ts'

/** A server, and whether each of its connections went on with a TLS session of an earlier one. */
async function resuming(listening = 0): Promise<{ port: number; resumed: boolean[]; stop(): Promise<void> }> {
  const server = createServer(await certificate())
  const sockets = new WebSocketServer({ server })
  const resumed: boolean[] = []
  sockets.on('connection', (socket, { socket: raw }: IncomingMessage) => {
    resumed.push((raw as TLSSocket).isSessionReused())
    socket.send('here')
  })
  const port = await listen(server, listening)
  const stop = async () => {
    for (const client of sockets.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
  }
  atTheEnd(stop)
  return { port, resumed, stop }
}

/** Opens a link, hears something, and closes it. Resolves with how that ended. */
async function visit(port: number, options: NodeClientOptions) {
  const link = nodeLinkOpener(options)(`wss://localhost:${port}/`, { protocols: [] })
  atTheEnd(() => link.abort())
  const heard = record(link)
  await until(() => heard.frames.length > 0 || heard.end, { what: 'a frame or the end' })
  void link.close(1000, '')
  return ended(heard)
}

const trusting = async () => ({ ca: (await certificate()).cert })

test('a connection with the same options goes on with the TLS session of the last one to the same server', async () => {
  const { port, resumed } = await resuming()
  const other = await resuming()
  for (let n = 0; n < 3; n++) {
    // Options are mostly made anew for each connection, with headers of their own.
    const options = { ...(await trusting()), headers: { n: String(n) } }
    expect(await visit(port, options)).toMatchObject({ clean: true })
  }
  expect(resumed).toEqual([false, true, true])
  expect(await visit(other.port, await trusting())).toMatchObject({ clean: true })
  expect(other.resumed).toEqual([false])
})

test('what one set of options has let in does not let in with another one', async () => {
  const { port, resumed } = await resuming()
  expect(await visit(port, { rejectUnauthorized: false })).toMatchObject({ clean: true })
  expect(await visit(port, {})).toMatchObject({ opened: false, failure: 'certificate' })
  const options = await trusting()
  expect(await visit(port, options)).toMatchObject({ clean: true })
  expect(await visit(port, { ...options, servername: 'other.example' })).toMatchObject({
    opened: false,
    failure: 'certificate',
  })
  expect(resumed).toEqual([false, false])
})

test('a server that has forgotten the session is connected to as if for the first time', async () => {
  const { port, stop } = await resuming()
  expect(await visit(port, await trusting())).toMatchObject({ clean: true })
  await stop()
  const { resumed } = await resuming(port)
  expect(await visit(port, await trusting())).toMatchObject({ clean: true })
  expect(await visit(port, await trusting())).toMatchObject({ clean: true })
  expect(resumed).toEqual([false, true])
})

test('a session is forgotten with which no connection was made', async () => {
  const { port, stop } = await resuming()
  const options = { ...(await trusting()) }
  expect(await visit(port, options)).toMatchObject({ clean: true })
  const host = `localhost:${port}`
  expect(tlsMemory(host, options).session).toBeDefined()
  await stop()
  const cutting = createTcpServer((socket) => socket.resetAndDestroy())
  atTheEnd(() => cutting.close())
  await listen(cutting, port)
  expect(await visit(port, options)).toMatchObject({ opened: false })
  expect(tlsMemory(host, options).session).toBeUndefined()
})

test('options are the same by what they say: texts, bytes and lists of them', async () => {
  const { cert } = await certificate()
  const contextOf = (options: NodeClientOptions) => tlsMemory('localhost', options).secureContext
  const one = contextOf({ ca: [cert, Buffer.from(cert)] })
  expect(contextOf({ ca: [`${cert}`, Buffer.from(cert)] })).toBe(one)
  expect(contextOf({ ca: [Buffer.from(cert), cert] })).not.toBe(one)
  expect(contextOf({ ca: [cert, Buffer.from(`${cert}\n`)] })).not.toBe(one)
  expect(contextOf({ ca: [cert] })).not.toBe(one)
  expect(contextOf({ ca: [cert, Buffer.from(cert)], rejectUnauthorized: true })).not.toBe(one)
})

test('a few sets of options are remembered, the latest ones', () => {
  const contextOf = (n: number) => tlsMemory('localhost', { sigalgs: 'ed25519', n }).secureContext
  const first = contextOf(0)
  const second = contextOf(1)
  for (let n = 2; n < 16; n++) contextOf(n)
  expect(contextOf(0)).toBe(first)
  contextOf(16)
  expect(contextOf(0)).toBe(first)
  expect(contextOf(1)).not.toBe(second)
})
