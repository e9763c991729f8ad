import type { Frame } from '../../src/envelope.ts'
import type { Clock } from './clock.ts'
import { connectTimeoutMs, lingerMs, type NetworkPlan } from './plan.ts'
import type { Random } from './random.ts'
import type { Statistics } from './statistics.ts'

/** What the owner of one end of a connection is told; as a transport would. */
export interface EndEvents {
  onOpen(): void
  onFrame(frame: Frame): void
  onDrain(): void
  /** Once, after the last frame. */
  onEnd(end: EndReport): void
}

export interface EndReport {
  code: number
  reason: string
  clean: boolean
  opened: boolean
  /** True if nothing was ever on its way. */
  unreachable: boolean
}

type Item =
  /** The handshake is done: the first thing that a client hears. */
  { kind: 'open' } | { kind: 'frame'; frame: Frame } | { kind: 'close'; code: number; reason: string }

/** Close code of a connection that ended without a close frame. */
const abnormal = 1006

/** One end of a connection. What it sends arrives in order at the other end, unless the connection is cut. */
export class End {
  state: 'connecting' | 'open' | 'closing' | 'over' = 'connecting'
  writable = true
  /** What arrives here from this time on is lost. */
  deafFrom = Number.POSITIVE_INFINITY
  /** When the last thing that is under way to the other end arrives there. */
  #lastArrival = 0
  #sentAny = false

  constructor(
    readonly name: string,
    readonly side: 'client' | 'server',
    readonly connection: Connection,
    public events: EndEvents | undefined,
  ) {}

  get other(): End {
    return this.side === 'client' ? this.connection.serverEnd : this.connection.clientEnd
  }

  /** Server: the connection has come to be here; `answer`: and the client will hear of it. */
  open(answer: boolean): void {
    this.state = 'open'
    if (answer) this.#put({ kind: 'open' })
  }

  send(frame: Frame): void {
    if (this.state !== 'open') return
    this.#put({ kind: 'frame', frame })
    this.connection.network.onTraffic(this)
  }

  /** Somebody puts a frame of his own between those of this end. */
  inject(frame: Frame): void {
    if (this.state === 'open') this.#put({ kind: 'frame', frame })
  }

  /** Hands over what there is, says `close`, and goes on delivering until the other end's word or the deadline. */
  close(code: number, reason: string): void {
    if (this.state === 'connecting') return this.abort()
    if (this.state !== 'open') return
    this.#put({ kind: 'close', code, reason })
    this.state = 'closing'
    this.connection.network.onClosing(this)
    this.connection.network.clock.after(lingerMs, () => this.lose())
  }

  /** Gives a connection up that is not open yet. The other end may come to be all the same, and finds it dead. */
  abort(): void {
    const { connection } = this
    const wasConnecting = this.state === 'connecting'
    this.lose()
    if (!wasConnecting) connection.serverEnd.lose()
    else connection.givenUp = true
  }

  /** The process at this end is gone: nobody is told anything here. */
  vanish(): void {
    this.events = undefined
    this.state = 'over'
  }

  /** The end of the connection is seen here, without a close frame. */
  lose(unreachable = false): void {
    this.#over({ code: abnormal, reason: '', clean: false, unreachable })
  }

  /** Can take no more for a while. */
  stall(ms: number): void {
    if (!this.writable) return
    this.writable = false
    this.connection.network.clock.after(ms, () => {
      this.writable = true
      if (this.state === 'open') this.events?.onDrain()
    })
  }

  #put(item: Item): void {
    const { network } = this.connection
    const slow = this.side === 'client' && !this.#sentAny ? network.slowHello() : 0
    this.#sentAny = true
    this.#lastArrival = Math.max(this.#lastArrival, network.clock.now + network.delay() + slow)
    network.clock.at(this.#lastArrival, () => this.other.#receive(item))
  }

  #receive(item: Item): void {
    const { clock } = this.connection.network
    if (this.state === 'over' || clock.now >= this.deafFrom) return
    if (item.kind === 'open') {
      this.state = 'open'
      return this.events?.onOpen()
    }
    // What was sent to a client that is never answered has nobody to take it.
    if (this.state === 'connecting') return
    if (item.kind === 'frame') return this.events?.onFrame(item.frame)
    if (this.state === 'open') this.#put(item)
    this.connection.network.statistics.count('clean close handshake')
    this.#over({ code: item.code, reason: item.reason, clean: true, unreachable: false })
  }

  #over(report: Omit<EndReport, 'opened'>): void {
    if (this.state === 'over') return
    const opened = this.state !== 'connecting'
    this.state = 'over'
    this.events?.onEnd({ ...report, opened })
  }
}

/** A connection between a client and the server, from the attempt on. */
export class Connection {
  readonly clientEnd: End
  readonly serverEnd: End
  /** True if the client no longer waited for it when it came to be. */
  givenUp = false
  /** True if nothing that was sent with the attempt has left. */
  refused = false
  /** True if it will never come to be: the process that it was meant for is gone. */
  forlorn = false
  wasCut = false

  constructor(
    readonly network: Network,
    readonly name: string,
    clientEvents: EndEvents | undefined,
  ) {
    this.clientEnd = new End(name, 'client', this, clientEvents)
    this.serverEnd = new End(name, 'server', this, undefined)
  }
}

/** What a listening server is told: a connection, and the frame that came with the upgrade request. */
export type OnConnection = (end: End, early: Frame | undefined) => void

/** A network that carries whole frames and does them harm, as the plan has it and the seed decides. */
export class Network {
  readonly clock: Clock
  readonly statistics: Statistics
  readonly #plan: NetworkPlan
  readonly #random: Random
  readonly #connections: Connection[] = []
  #onConnection: OnConnection | undefined
  /** False while there is no process that could take a connection. */
  serverIsUp = true
  /** Until the network has healed. */
  onFrameSent: ((end: End) => void) | undefined

  constructor(clock: Clock, plan: NetworkPlan, random: Random, statistics: Statistics) {
    this.clock = clock
    this.#plan = plan
    this.#random = random
    this.statistics = statistics
    if (plan.outage !== undefined) {
      clock.at(plan.outage.from, () => {
        for (const connection of this.#connections) this.cut(connection)
      })
    }
  }

  get #isOut(): boolean {
    const { outage } = this.#plan
    return outage !== undefined && this.clock.now >= outage.from && this.clock.now < outage.until
  }

  get healed(): boolean {
    return this.clock.now >= this.#plan.healAt
  }

  listen(onConnection: OnConnection): void {
    this.#onConnection = onConnection
  }

  /** Begins to make a connection. `early` travels with the request. */
  connect(events: EndEvents | undefined, early: Frame | undefined): Connection {
    const connection = new Connection(this, `L${this.#connections.length + 1}`, events)
    this.#connections.push(connection)
    const { clientEnd, serverEnd } = connection
    const harm = !this.healed
    if (this.#isOut || (harm && this.#random.chance(this.#plan.refuse))) {
      this.statistics.count('link refused')
      connection.refused = true
      this.clock.after(this.delay(), () => clientEnd.lose(true))
      return connection
    }
    const lost = harm && this.#random.chance(this.#plan.loseWhileOpening)
    this.clock.after(this.delay() + this.slowHello(), () => {
      if (!this.serverIsUp || connection.forlorn) return clientEnd.lose()
      serverEnd.open(!connection.givenUp && !lost)
      this.#onConnection?.(serverEnd, early)
      if (connection.givenUp) this.clock.after(this.delay(), () => serverEnd.lose())
      else if (lost) this.cut(connection)
    })
    this.clock.after(connectTimeoutMs, () => {
      if (clientEnd.state === 'connecting') clientEnd.abort()
    })
    return connection
  }

  delay(): number {
    return this.healed ? this.#plan.delayMin : this.#random.int(this.#plan.delayMin, this.#plan.delayMax)
  }

  /** By how much a connection or its first frame is late. */
  slowHello(): number {
    if (this.healed || !this.#random.chance(this.#plan.slowHello)) return 0
    return this.#random.int(0, Math.floor(this.#plan.slowHelloMsMax))
  }

  /** A frame was handed over at this end. */
  onTraffic(end: End): void {
    if (this.healed) return
    this.onFrameSent?.(end)
    if (this.#random.chance(this.#plan.stall)) {
      this.statistics.count('link not writable')
      end.stall(this.#random.int(1, 100))
    }
    if (this.#random.chance(this.#plan.cut)) {
      this.clock.after(this.#random.chance(0.5) ? 0 : this.delay(), () => this.cut(end.connection))
    }
  }

  onClosing(end: End): void {
    if (this.healed || !this.#random.chance(this.#plan.cutWhileClosing)) return
    this.statistics.count('cut during a close handshake')
    this.clock.after(this.#random.chance(0.5) ? 0 : this.delay(), () => this.cut(end.connection))
  }

  /**
   * The process of one side is gone, and every connection with it: what it had sent gets out, or only some of it, and
   * the other side is told in its time, or never. `attemptsToo`: connections that were being made come to nothing.
   */
  crash(side: 'client' | 'server', attemptsToo: boolean): void {
    for (const connection of this.#connections) {
      const end = side === 'client' ? connection.clientEnd : connection.serverEnd
      const { other } = end
      if (end.state === 'over') continue
      if (end.state === 'connecting') {
        if (side === 'client') connection.givenUp = true
        else connection.forlorn = attemptsToo
        if (side === 'server') continue
      }
      end.vanish()
      if (connection.wasCut || connection.givenUp) continue
      connection.wasCut = true
      other.deafFrom = this.clock.now + (this.#random.chance(0.5) ? 0 : this.#random.int(1, 100))
      if (other.state === 'open' && this.#random.chance(0.3)) continue
      this.clock.at(other.deafFrom + this.#random.int(0, 200), () => other.lose())
    }
  }

  /** From now on, or a little later in one direction, nothing arrives; each end is told in its own time, or never. */
  cut(connection: Connection): void {
    if (connection.wasCut) return
    connection.wasCut = true
    this.statistics.count('cut')
    const { clientEnd, serverEnd } = connection
    const later = this.#random.chance(0.4) ? this.#random.int(1, 100) : 0
    const first = this.#random.chance(0.5)
    if (later > 0) this.statistics.count('cut with one direction dying earlier')
    clientEnd.deafFrom = this.clock.now + (first ? later : 0)
    serverEnd.deafFrom = this.clock.now + (first ? 0 : later)
    const untold = this.#random.chance(0.3) ? this.#random.pick([clientEnd, serverEnd]) : undefined
    for (const end of [clientEnd, serverEnd]) {
      // A connection that is being made has its own time-out.
      if (end === untold && end.state === 'open') this.statistics.count('cut that one side is not told of')
      else this.clock.at(end.deafFrom + this.#random.int(0, 200), () => end.lose())
    }
  }
}
