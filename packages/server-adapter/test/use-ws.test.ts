import { createServer } from 'node:http'
import { listen } from '@lastword/testkit'
import { expect, test } from 'vitest'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { createAdapter } from '../src/index.ts'
import { useWs } from '../src/use/ws.ts'
import { atTheEnd, open } from './harness.ts'

async function serve(options: ServerOptions) {
  const server = createServer()
  const wss = new WebSocketServer({ server, ...options })
  const adapter = createAdapter()
  const plain: string[] = []
  useWs(adapter, wss, (socket: WebSocket) => {
    plain.push(socket.protocol)
    socket.close(1000)
  })
  adapter.onSession((session) => session.handle('n', () => 'here'))
  const port = await listen(server)
  atTheEnd(() => {
    for (const client of wss.clients) client.terminate()
    server.close()
  })
  return { url: `ws://localhost:${port}/`, plain }
}

async function selected(url: string, protocols: string[]): Promise<string> {
  const socket = new WebSocket(url, protocols)
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
  return socket.protocol
}

test('useWs puts an adapter on a server that exists', async () => {
  const { url, plain } = await serve({})
  expect(await open(url).request('n')).toBe('here')
  expect(await selected(url, ['chat', 'other'])).toBe('chat')
  expect(plain).toEqual(['chat'])
})

test('a server’s own choice of protocols goes on for all who do not offer lastword', async () => {
  const { url, plain } = await serve({ handleProtocols: (protocols) => [...protocols].at(-1) ?? false })
  expect(await open(url).request('n')).toBe('here')
  expect(await selected(url, ['chat', 'other'])).toBe('other')
  expect(plain).toEqual(['other'])
})

test('a server that would cut off frames that clients may send is refused at the call', () => {
  const adapter = createAdapter({ maxBytes: 65_536 })
  expect(adapter.maxPayload).toBe(65_536 + 4096)
  const take = (maxPayload: number) => useWs(adapter, new WebSocketServer({ noServer: true, maxPayload }))
  expect(() => take(adapter.maxPayload - 1)).toThrowError(/69632/)
  take(adapter.maxPayload)
  take(0)
})

test('something that is no WebSocketServer is refused at the call', () => {
  for (const wrong of [undefined, {}, createServer()]) {
    expect(() => useWs(createAdapter(), wrong as never)).toThrowError(/not a WebSocketServer/)
  }
})
