import { createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'
import { createServer, listenOn, type Tls } from '../stacks/listen.ts'
import { wsOptions } from '../stacks/ws.ts'
import { receiving, take } from './receiver.ts'

/** lastword as the README sets it up, with its defaults. */
export const commands = {
  ...receiving,
  async listen(tls: Tls) {
    const adapter = createAdapter()
    adapter.onSession((session) => {
      session.handle('take', take)
    })
    const server = createServer(tls)
    const sockets = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols, ...wsOptions })
    sockets.on('connection', adapter.connection())
    return listenOn(server, tls)
  },
}
