import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { listen } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createAdapter } from '../src/index.ts'
import { atTheEnd, schemes, serve, within } from './harness.ts'

/** What is written to a connection, a write each. */
function writesTo(socket: Socket): string[] {
  const writes: string[] = []
  const { _write, _writev } = socket
  socket._write = function (this: Socket, chunk, ...rest) {
    writes.push(String(chunk))
    _write.call(this, chunk, ...rest)
  }
  socket._writev = function (this: Socket, chunks, callback) {
    writes.push(chunks.map(({ chunk }) => String(chunk)).join(''))
    _writev?.call(this, chunks, callback)
  }
  return writes
}

describe.each(schemes)('%s', (scheme) => {
  test('the answer to an early frame leaves in one write with that to the upgrade', async () => {
    const { server, adapter, connect } = await serve(scheme)
    let writes: string[] = []
    server.on(scheme === 'ws' ? 'connection' : 'secureConnection', (socket: Socket) => {
      writes = writesTo(socket)
    })
    adapter.onSession((session) => session.handle('offer', () => 'the answer'))
    const session = connect()
    expect(await session.request('offer')).toBe('the answer')
    expect(writes[0]).toMatch(/^HTTP\/1.1 101 [\s\S]*"welcome"[\s\S]*"the answer"/)
    expect(await within('the close', session.close())).toMatchObject({ clean: true })
    // Its `fin`, and its close frame.
    expect(writes).toHaveLength(3)
  })

  test('a handler that takes its time holds up neither the upgrade nor what the session says besides', async () => {
    const { adapter, connect } = await serve(scheme)
    let answer = (_text: string) => {}
    adapter.onSession((session) => {
      session.handle('offer', () => new Promise<string>((resolve) => (answer = resolve)))
      session.handle('ping', () => 'pong')
    })
    const session = connect()
    const late = session.request('offer')
    await within('the session to open', session.opened)
    expect(await session.request('ping')).toBe('pong')
    answer('at last')
    expect(await late).toBe('at last')
  })
})

test('an upgrade is not held back for long when nothing is said on the link', async () => {
  const { handleProtocols } = createAdapter()
  const server = createServer()
  const wss = new WebSocketServer({ server, handleProtocols })
  const port = await listen(server)
  atTheEnd(() => {
    for (const client of wss.clients) client.terminate()
    server.close()
  })
  const socket = new WebSocket(`ws://localhost:${port}`, ['lastword.1', 'lastword.early.e30'])
  await within('the upgrade', new Promise((resolve) => socket.on('open', resolve)))
  expect(socket.protocol).toBe('lastword.1')
})
