import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createAdapter } from '@lastword/server-adapter'
import { type WebSocket, WebSocketServer } from 'ws'
import { makeAnswer } from '../demo/peers.ts'

// The server as it was; plain clients still come here.
const server = createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') })
function plainClient(socket: WebSocket): void {
  socket.on('message', async (data) => {
    const { sdp } = JSON.parse(String(data)) as { sdp: string }
    socket.send(JSON.stringify({ sdp: (await makeAnswer(sdp)).sdp }))
    socket.close()
  })
}

// What is new: clients that speak lastword get a session.
const adapter = createAdapter()
adapter.onSession((session) => {
  session.handle('offer', async (payload) => {
    const { sdp } = payload as { sdp: string }
    const answer = await makeAnswer(sdp)
    // The reply still goes out: closing ends when the client has handled it.
    void session.close()
    return { sdp: answer.sdp }
  })
})

const webSocketServer = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
webSocketServer.on('connection', adapter.connection(plainClient))
server.listen(8443)

// Nothing is lost when the process is told to go.
process.once('SIGTERM', async () => {
  const report = await adapter.shutdown({ deadlineMs: 10_000 })
  console.log(report)
  process.exit(0)
})
