import type { IncomingMessage } from 'node:http'
import { Agent, createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { certificate, listen, until } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type NodeClientOptions, nodeLinkOpener } from '../src/open-node-link.ts'
import { tlsMemory } from '../src/tls-memory.ts'
import { atTheEnd, ended, record } from './harness.ts'

/** A server, and whether each of its connections went on with a TLS session of an earlier one. */
async function resuming(
  listening = 0,
  ticketKeys?: Buffer,
): Promise<{ port: number; resumed: boolean[]; stop(): Promise<void> }> {
  const server = createServer({ ...(await certificate()), ...(ticketKeys && { ticketKeys }) })
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

test('the session of a server that another one has pointed to is not offered to that one', async () => {
  const ticketKeys = Buffer.alloc(48, 7)
  const target = await resuming(0, ticketKeys)
  const pointing = createServer(await certificate())
  pointing.on('upgrade', (_, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: wss://localhost:${target.port}/\r\n\r\n`)
  })
  const port = await listen(pointing)
  const options = { ...(await trusting()), followRedirects: true }
  expect(await visit(port, options)).toMatchObject({ clean: true })
  await new Promise((resolve) => pointing.close(resolve))
  // Whoever can resume what was agreed with the target must not pass for the one that pointed to it.
  const { resumed } = await resuming(port, ticketKeys)
  expect(await visit(port, options)).toMatchObject({ clean: true })
  expect(target.resumed).toEqual([false])
  expect(resumed).toEqual([false])
})

test('an agent, which may ask for another name with each Host header, is left to remember by itself', async () => {
  const { port } = await resuming()
  const names: string[] = []
  const checkServerIdentity = (name: string) => void names.push(name)
  const agent = new Agent()
  for (const host of ['one.example', 'other.example']) {
    const options = { ...(await trusting()), agent, checkServerIdentity, headers: { host } }
    expect(await visit(port, options)).toMatchObject({ clean: true })
  }
  expect(names).toEqual(['one.example', 'other.example'])
})

test('a certificate that cannot be read makes the connection fail, and nothing is thrown', async () => {
  const { port } = await resuming()
  const options = await trusting()
  expect(await visit(port, { ...options, cert: 'none' })).toMatchObject({ opened: false })
  expect(await visit(port, options)).toMatchObject({ clean: true })
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

test('what is changed in a list or in bytes that were given counts from the next connection on', async () => {
  const { cert } = await certificate()
  const contextOf = (options: NodeClientOptions) => tlsMemory('localhost', options).secureContext
  const ca = [cert]
  const first = contextOf({ ca })
  ca.push(cert)
  const second = contextOf({ ca })
  expect(second).not.toBe(first)
  const bytes = Buffer.from(`${cert}\n`)
  const third = contextOf({ ca: [bytes] })
  bytes.write(' ', bytes.length - 1)
  expect(contextOf({ ca: [bytes] })).not.toBe(third)
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
