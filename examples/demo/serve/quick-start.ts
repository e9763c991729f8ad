import { createServer, type Server } from 'node:http'
import { type Adapter, createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'

/**
 * The server of the README's page, without TLS: a page opened from a file can connect to it, where a certificate that
 * nobody has signed would be refused with no way to accept it.
 */
export function quickStartServer(): { server: Server; adapter: Adapter } {
  const adapter = createAdapter()
  adapter.onSession((session) => {
    session.handle('offer', (payload) => {
      session.close().catch(() => {}) // at once; the answer still arrives
      return { sdp: `the answer to ${(payload as { sdp?: unknown } | undefined)?.sdp}` }
    })
  })
  const server = createServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' })
    response.end("Here is the WebSocket server of the README's page; it has no pages of its own.\n")
  })
  const { handleProtocols, maxPayload } = adapter
  const webSockets = new WebSocketServer({ server, handleProtocols, maxPayload })
  webSockets.on('connection', adapter.connection())
  // The HTTP server's own listener tells whoever starts it.
  webSockets.on('error', () => {})
  return { server, adapter }
}
