import { Child } from './child.ts'
import type { FromServer, StartServer } from './messages.ts'
import type { ServerPolicy } from './stack-list.ts'

type ServerChild = Child<StartServer, FromServer>

export interface RunningServer {
  port: number
  end(): Promise<void>
}

const startMs = 20_000
/** Servers for one round each that are started ahead, so that a round does not wait for its server. */
const spares = 2

/** Starts signaling servers, keeps those that serve many rounds, and ends them all. */
export class Servers {
  readonly #certificate: { key: string; cert: string }
  readonly #kept = new Map<string, Promise<RunningServer>>()
  readonly #spare = new Map<ServerPolicy, Promise<RunningServer>[]>()
  readonly #running = new Set<ServerChild>()

  constructor(certificate: { key: string; cert: string }) {
    this.#certificate = certificate
  }

  /** The server with this policy and patience, started when it is asked for the first time. */
  kept(policy: ServerPolicy, patienceMs?: number): Promise<RunningServer> {
    const key = `${policy} ${patienceMs}`
    let server = this.#kept.get(key)
    if (server === undefined) {
      server = this.#start(policy, patienceMs)
      this.#kept.set(key, server)
    }
    return server
  }

  /** A server of its own, for a round in which the server's process ends. */
  async fresh(policy: ServerPolicy): Promise<RunningServer> {
    const waiting = this.#spare.get(policy) ?? []
    this.#spare.set(policy, waiting)
    while (waiting.length <= spares) {
      const starting = this.#start(policy)
      starting.catch(() => {})
      waiting.push(starting)
    }
    return waiting.shift() ?? this.#start(policy)
  }

  /** Ends the servers that were started ahead and not used. */
  async endSpares(): Promise<void> {
    const waiting = [...this.#spare.values()].flat()
    this.#spare.clear()
    for (const server of await Promise.allSettled(waiting)) {
      if (server.status === 'fulfilled') await server.value.end()
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.end()))
  }

  async #start(policy: ServerPolicy, patienceMs?: number): Promise<RunningServer> {
    const child: ServerChild = new Child('server')
    this.#running.add(child)
    child.endedEarly().catch(() => this.#running.delete(child))
    child.send({
      type: 'start-server',
      policy,
      ...this.#certificate,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    })
    const message = await child.first(startMs, 'a signaling server to listen')
    if (message.type === 'failed') throw new Error(`a signaling server did not start: ${message.message}`)
    return { port: message.port, end: () => child.end() }
  }
}
