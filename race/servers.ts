import { Child } from './child.ts'
import type { FromServer, Ports, StartServer } from './messages.ts'

export interface RunningServer {
  ports: Ports
  /** Resolves when its process is gone. */
  ended: Promise<unknown>
  /** What it says besides where it listens. */
  onMessage(listener: (message: FromServer) => void): void
  end(): Promise<void>
}

const startMs = 20_000
/** Processes that are started ahead, so that a round does not wait for its server. */
const spares = 2

/** Starts servers, and ends them all. */
export class Servers {
  readonly #certificate: { key: string; cert: string }
  readonly #waiting: Child<StartServer, FromServer>[] = []
  readonly #running = new Set<Child<StartServer, FromServer>>()
  #ending = false

  constructor(certificate: { key: string; cert: string }) {
    this.#certificate = certificate
  }

  /** A new server: anywhere, or on the ports of one that was killed. */
  async start(ports?: Ports): Promise<RunningServer> {
    while (this.#waiting.length <= spares && !this.#ending) this.#waiting.push(this.#fork())
    const child = this.#waiting.shift() ?? this.#fork()
    child.send({
      type: 'start',
      ...this.#certificate,
      ...(ports === undefined ? {} : { ports, successor: true }),
    })
    const message = await child.next(isStarted, startMs, 'a server to listen')
    if (message.type === 'failed') throw new Error(`a server did not start: ${message.message}`)
    return {
      ports: message.ports,
      ended: child.ended,
      onMessage(listener) {
        child.onMessage = listener
      },
      end: () => child.end(),
    }
  }

  async end(): Promise<void> {
    this.#ending = true
    this.#waiting.length = 0
    await Promise.all([...this.#running].map((child) => child.end()))
  }

  #fork(): Child<StartServer, FromServer> {
    const child = new Child<StartServer, FromServer>('server-process')
    this.#running.add(child)
    void child.ended.then(() => this.#running.delete(child))
    return child
  }
}

type Started = Extract<FromServer, { type: 'listening' | 'failed' }>

function isStarted(message: FromServer): message is Started {
  return message.type === 'listening' || message.type === 'failed'
}
