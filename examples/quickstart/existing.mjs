import { closeAfterPong, createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'

const adapter = createAdapter()
adapter.onSession((session) => {
  session.handle('hello', (name) => `hello, ${name}`)
})

const wss = new WebSocketServer({ port: 8080, handleProtocols: adapter.handleProtocols })
wss.on('connection', adapter.connection(plainClient)) // was: wss.on('connection', plainClient)

// Clients that know nothing of lastword still come here, and still get the last message.
function plainClient(socket) {
  socket.on('message', (name) => {
    socket.send(`hello, ${name}`)
    closeAfterPong(socket) // was: socket.close()
  })
}
