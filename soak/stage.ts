import { createServer } from 'node:https'
import type { Adapter } from '@lastword/server-adapter'
import { certificate, createProxy, listen, type ProxyConnection } from '@lastword/testkit'
import { WebSocketServer } from 'ws'

/** One https server for many runs, each with an address and a proxy of its own. */
export interface Stage {
  /** The certificate that its clients have to trust. */
  readonly ca: string
  /** Makes a place for one run, where the sessions of `adapter` are reached through a proxy. */
  open(adapter: Adapter, onConnection: (connection: ProxyConnection) => void): Promise<Place>
  /** Ends the server: a process that does not end by itself can go. */
  close(): void
}

export interface Place {
  readonly url: string
  /** Destroys every connection of the run. */
  close(): Promise<void>
}

export async function createStage(): Promise<Stage> {
  const { key, cert } = await certificate()
  const servers = new Map<string, WebSocketServer>()
  const https = createServer({ key, cert })
  https.on('upgrade', (request, socket, head) => {
    const server = servers.get(request.url ?? '')
    // A link that comes when its run is over.
    if (server === undefined) return socket.destroy()
    server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request))
  })
  const targetPort = await listen(https)
  let count = 0
  return {
    ca: cert,
    async open(adapter, onConnection) {
      count += 1
      const path = `/run-${count}`
      const server = new WebSocketServer({ noServer: true, handleProtocols: adapter.handleProtocols })
      server.on('connection', adapter.connection())
      servers.set(path, server)
      const proxy = await createProxy({ targetPort, onConnection })
      return {
        url: `wss://localhost:${proxy.port}${path}`,
        async close() {
          servers.delete(path)
          await proxy.close()
        },
      }
    },
    close() {
      https.closeAllConnections()
      https.close()
    },
  }
}
