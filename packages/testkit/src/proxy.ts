import { connect, createServer, type Server, type Socket } from 'node:net'
import { listen } from './listen.ts'
import { Direction } from './proxy-direction.ts'
import type { ConnectionCut, Proxy, ProxyConnection } from './proxy-types.ts'

export interface ProxyOptions {
  /** Where connections are passed on to. */
  targetPort: number
  /** @default '127.0.0.1' */
  targetHost?: string
  /** Called for each new connection before any byte goes through it: the place to set its faults. */
  onConnection?(connection: ProxyConnection): void
}

/**
 * Starts a TCP proxy on a free port of 127.0.0.1. It passes bytes on as they are, so TLS goes through it, and
 * can hurt each connection at an exact byte. FINs are passed on as FINs (half-open connections stay so) and
 * resets as resets. A target that cannot be reached resets the client.
 */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const live = new Set<Connection>()
  let accepted = 0
  let server: Server | undefined
  let port = 0

  function accept(client: Socket): void {
    const target = connect({
      port: options.targetPort,
      host: options.targetHost ?? '127.0.0.1',
      allowHalfOpen: true,
    })
    const connection = new Connection(accepted, client, target, () => live.delete(connection))
    accepted += 1
    live.add(connection)
    options.onConnection?.(connection)
  }

  async function open(): Promise<void> {
    const opening = createServer({ allowHalfOpen: true, noDelay: true }, accept)
    server = opening
    port = await listen(opening, port)
  }

  await open()
  return {
    get port() {
      return port
    },
    get connections() {
      return [...live]
    },
    get accepted() {
      return accepted
    },
    cutAll(how) {
      for (const connection of live) connection.cut(how)
    },
    async refuse(refusing) {
      if (refusing) {
        server?.close()
        server = undefined
      } else if (server === undefined) await open()
    },
    async close() {
      server?.close()
      server = undefined
      await Promise.all([...live].map((connection) => connection.destroyed()))
    },
  }
}

class Connection implements ProxyConnection {
  readonly index: number
  readonly toServer: Direction
  readonly toClient: Direction
  readonly #sockets: readonly [client: Socket, target: Socket]
  readonly #closed: Promise<void>
  #open = 2

  constructor(index: number, client: Socket, target: Socket, onClosed: () => void) {
    this.index = index
    this.#sockets = [client, target]
    target.setNoDelay(true)
    const cut = (how: ConnectionCut) => this.cut(how)
    this.toServer = new Direction(client, target, cut)
    this.toClient = new Direction(target, client, cut)
    this.#closed = new Promise((resolve) => {
      const closed = () => {
        this.#open -= 1
        if (this.#open > 0) return
        this.toServer.close()
        this.toClient.close()
        onClosed()
        resolve()
      }
      client.on('close', closed)
      target.on('close', closed)
    })
  }

  get live(): boolean {
    return this.#open > 0
  }

  cut(how: ConnectionCut): void {
    if (how === 'end') {
      this.toServer.halfClose()
      this.toClient.halfClose()
      return
    }
    this.toServer.close()
    this.toClient.close()
    for (const socket of this.#sockets) {
      if (how === 'reset' && !isEnding(socket)) socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  onServerEnd(listener: () => void): void {
    this.toClient.onEnd(listener)
  }

  onClientEnd(listener: () => void): void {
    this.toServer.onEnd(listener)
  }

  /** Destroys both sides and resolves when they are closed. */
  destroyed(): Promise<void> {
    this.cut('destroy')
    return this.#closed
  }
}

/** While its FIN is on the way out, Node refuses to reset a socket, and would then never close it. */
function isEnding(socket: Socket): boolean {
  return socket.writableEnded && !socket.writableFinished
}
