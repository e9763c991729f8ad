import { createServer } from 'node:http'
import { createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'
import { signaling } from './contract.mjs'

const adapter = createAdapter({ contract: signaling })
adapter.onSession((session) => {
  session.handle('offer', ({ sdp }) => {
    session.close() // at once; the answer still arrives
    return { sdp: `the answer to ${sdp}` }
  })
})

const server = createServer()
const { handleProtocols, maxPayload } = adapter
const wss = new WebSocketServer({ server, handleProtocols, maxPayload })
wss.on('connection', adapter.connection())
server.listen(8080)
