import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { createAdapter } from '../../src/index.ts'

// A server that sends a lot when it is told to, shuts down, and exits in the same turn in which that has resolved.
const { scheme, key, cert } = JSON.parse(process.argv[2] as string) as Record<string, string>
const server = scheme === 'wss' ? createHttpsServer({ key, cert }) : createHttpServer()
const adapter = createAdapter()
const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
wss.on('connection', adapter.connection())

adapter.onSession((session) => {
  process.on('message', () => {
    for (let n = 0; n < 500; n++) void session.send('n', n)
    void adapter.shutdown().then((report) => process.send?.(report, () => process.exit(0)))
  })
})

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
