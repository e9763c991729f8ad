import { closeCodes } from '../../src/codes.ts'
import type { Frame } from '../../src/envelope.ts'
import type { JournalSnapshot } from '../../src/journal.ts'
import type { PeerFault } from '../../src/peer-fault.ts'
import type { SessionConfig } from '../../src/session-io.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import { Application, restartedUntilMs } from './application.ts'
import { demandCause } from './causes.ts'
import { ClientDriver } from './client.ts'
import { Clock } from './clock.ts'
import { Crashes } from './crashes.ts'
import { Disk } from './disk.ts'
import { Endpoint, frameBytes, type Machine, type Output, readFrame } from './endpoint.ts'
import { garbage, visit } from './hostile.ts'
import { Ledger } from './ledger.ts'
import { type Connection, type End, Network } from './network.ts'
import {
  makeJournalFailure,
  makePlan,
  type Plan,
  type Side,
  welcomeTimeoutMs,
  withoutJournal,
} from './plan.ts'
import { Random } from './random.ts'
import type { Sent } from './sent.ts'
import { SimulatedServer } from './server.ts'
import { type EventName, Statistics } from './statistics.ts'
import { Trace } from './trace.ts'
import { demand } from './violation.ts'

export interface WorldOptions {
  trace?: boolean
  /** Puts something between a machine and its driver: a planted fault. */
  wrap?: ((machine: Machine, side: Side) => Machine) | undefined
  /** Makes the client's machine, which then has no journal. */
  makeClient?: ((config: SessionConfig) => Machine) | undefined
}

/** How long after the last disturbance, and after both have closed, a session may still take: far more than it needs. */
const patienceMs = 100_000
const stepsMax = 300_000

const sid = 'the-session-of-the-run'
const key = 'the-secret-of-the-session'

/** One run: a client, a server, the network between them, and the truth about all three. */
export class World {
  readonly clock = new Clock()
  readonly statistics = new Statistics()
  readonly trace: Trace | undefined
  readonly plan: Plan
  /** What becomes of the client's page, if it is in one. */
  readonly pageRandom: Random
  readonly inPage: boolean
  readonly goesForGood: boolean
  readonly network: Network
  readonly crashes: Crashes
  client: Endpoint
  /** Every session that the server has made for the client, the latest last. */
  readonly sessions: Endpoint[] = []
  readonly largestMessage: number
  readonly #options: WorldOptions
  readonly #random: Random
  readonly #server: SimulatedServer
  #driver: ClientDriver
  #clientApplication: Application
  readonly #hosts = new Map<Connection, Endpoint>()
  readonly #exactBytes: boolean
  #lastCloseAt: number

  constructor(seed: number, options: WorldOptions) {
    this.#options = options
    if (options.trace) this.trace = new Trace(this.clock)
    const random = new Random(seed)
    this.#random = random.fork()
    this.plan = makePlan(random.fork())
    this.pageRandom = new Random(seed ^ 0x706167)
    this.inPage = options.makeClient !== undefined || this.pageRandom.chance(0.25)
    // The full client says that it is gone to nobody: what its journal holds may come back.
    this.goesForGood = options.makeClient !== undefined
    if (options.makeClient !== undefined) this.plan.processes.client = withoutJournal
    this.plan.journalFails = makeJournalFailure(this.plan, new Random(seed ^ 0x6a6f75))
    const { plan } = this
    this.largestMessage = Math.max(plan.client.maxBytes, plan.server.maxBytes) + 1_000
    this.#exactBytes = random.chance(0.5)
    this.network = new Network(this.clock, plan.network, random.fork(), this.statistics)
    this.network.onFrameSent = (end) => this.#onFrameSent(end)
    this.crashes = new Crashes(this, random.fork())
    this.#server = new SimulatedServer(this, key, () => this.#makeSession())
    this.network.listen((end, early) => this.#server.onConnection(end, early))
    this.client = this.#makeEndpoint('client', 'client')
    this.#clientApplication = new Application(this, plan.client, random.fork(), this.client, 'c')
    this.#driver = new ClientDriver(this, random.fork(), this.client, () => this.#clientApplication.abort())
    this.#lastCloseAt = plan.client.closeAt
  }

  get hostile(): boolean {
    return this.plan.garbage > 0 || this.plan.strangers > 0
  }

  /** Until nothing is left to happen. */
  run(): void {
    const { clock, plan } = this
    this.#clientApplication.start()
    this.crashes.start()
    if (this.client.machine.wantsLink) this.#driver.connect()
    for (let i = 0; i < plan.strangers; i++) {
      clock.after(this.#random.int(0, plan.network.healAt), () => visit(this.network, this.#random, sid))
    }
    const { journalFails } = plan
    if (journalFails !== undefined) {
      clock.at(journalFails.at, () => this.client.failJournal(journalFails.mayStand))
    }
    while (clock.step()) {
      this.#server.forgetReleased()
      demand(clock.steps < stepsMax, 'liveness', () => `nothing has come of ${stepsMax} steps`)
      this.#demandProgress()
    }
    for (const endpoint of [this.client, ...this.sessions]) {
      if (endpoint.dead) continue
      const { name } = endpoint.ledger
      demand(
        endpoint.machine.ended,
        'P5 closing survives',
        () => `${name} waits for nothing and has not ended`,
      )
      demand(endpoint.released, 'liveness', () => `${name} has ended and is never released`)
    }
  }

  /** From when on nothing has been done to anybody. */
  get undisturbedFrom(): number {
    return Math.max(this.plan.network.healAt, this.crashes.lastRestartAt)
  }

  #demandProgress(): void {
    const { now } = this.clock
    const from = Math.max(this.undisturbedFrom, this.#lastCloseAt, this.plan.client.attachAt)
    if (now < from + patienceMs) return
    for (const { machine, ledger, detachedAt, dead } of [this.client, ...this.sessions]) {
      if (dead) continue
      // A session on the server that the client has left must wait for its time to run out.
      const late = now - (ledger.side === 'server' ? Math.max(from, detachedAt) : from)
      const limit = patienceMs + (ledger.side === 'server' ? this.plan.ttlMs : 0)
      demand(
        machine.ended || late < limit,
        'P5 closing survives',
        () => `${ledger.name} is closing and does not end`,
      )
    }
  }

  #makeSession(): Endpoint {
    const previous = this.sessions.at(-1)
    // What an earlier session of the same name has left in the journal goes with its first write.
    previous?.disk?.discard()
    if (previous !== undefined && !previous.dead) {
      const { report, endedAt } = previous.ledger
      // Both had told each other that it was over, and a crash of the client has undone that.
      const undone = report?.clean === false && this.client.ledger.lives > 1
      demand(
        undone || report?.code === 'expired' || this.clock.now - endedAt >= this.plan.ttlMs,
        'P2 in order, once',
        () => `the server makes the session again, which has ended as ${report?.code} only just now`,
      )
      this.statistics.count('session created again after it expired')
    }
    const endpoint = this.#makeEndpoint(
      'server',
      `server${this.sessions.length === 0 ? '' : this.sessions.length + 1}`,
    )
    endpoint.ledger.peer = this.client.ledger
    this.sessions.push(endpoint)
    const { server } = this.plan
    this.#lastCloseAt = Math.max(
      this.#lastCloseAt,
      this.clock.now + Math.max(server.closeAt, server.attachAt),
    )
    const application = new Application(
      this,
      server,
      this.#random.fork(),
      endpoint,
      `s${this.sessions.length}-`,
    )
    // Once the link has been accepted, as an application is told of a session that there is.
    this.clock.after(0, () => application.start())
    return endpoint
  }

  #config(side: Side): SessionConfig {
    const { window, maxBytes, frameBytesGoal } = this.plan[side]
    const { keepaliveMs, ttlMs, processes } = this.plan
    const journaled = processes[side].journalMs !== undefined
    return {
      role: side,
      sid,
      key,
      window,
      maxBytes,
      frameBytesGoal,
      keepaliveMs,
      ttlMs,
      welcomeTimeoutMs,
      journaled,
      agent: 'sim',
    }
  }

  #makeEndpoint(side: Side, name: string): Endpoint {
    const { makeClient } = this.#options
    const config = this.#config(side)
    const machine =
      side === 'client' && makeClient !== undefined ? makeClient(config) : new SessionMachine<Sent>(config)
    const { journalMs } = this.plan.processes[side]
    const disk = journalMs === undefined ? undefined : new Disk(this.clock, this.#random.fork(), journalMs)
    return this.#run(side, machine, new Ledger(this, name, side), disk)
  }

  #run(side: Side, machine: Machine, ledger: Ledger, disk: Disk | undefined): Endpoint {
    return new Endpoint(this, side, this.#options.wrap?.(machine, side) ?? machine, ledger, disk)
  }

  // Processes

  /** The process of one side is gone. */
  onCrash(side: Side): void {
    if (side === 'server') this.#server.forgetAll()
  }

  /** The next process goes on with a session that it has found in its journal. Returns what runs it now. */
  restore(before: Endpoint, snapshot: JournalSnapshot): Endpoint {
    const { side, ledger, disk } = before
    const tagOf = ({ id }: { id: string }) => ledger.out.sent.get(id) as Sent
    const machine = SessionMachine.restore<Sent>(this.#config(side), snapshot, tagOf, this.clock.now)
    const endpoint = this.#run(side, machine, ledger, disk)
    const prefix = side === 'client' ? 'c' : `s${this.sessions.indexOf(before) + 1}-`
    const application = new Application(this, this.plan[side], this.#random.fork(), endpoint, prefix)
    this.say(ledger.name, `is restored from ${JSON.stringify(snapshot.state)}`)
    if (side === 'client') {
      this.client = endpoint
      this.#clientApplication = application
      this.#driver = new ClientDriver(this, this.#random.fork(), endpoint, () => application.abort())
    } else {
      this.sessions[this.sessions.indexOf(before)] = endpoint
      this.#server.add(sid, endpoint)
    }
    this.#lastCloseAt = Math.max(this.#lastCloseAt, this.clock.now + restartedUntilMs)
    endpoint.begin()
    const { ended } = snapshot.state
    const { report } = ledger
    demand(
      ended === undefined || (report?.code === ended.code && report.by === ended.by),
      'P6 the report is true',
      () =>
        `${ledger.name} has ended as ${ended?.code} by ${ended?.by}, and does not know it after its crash`,
    )
    application.startAgain()
    return endpoint
  }

  // What the parts tell

  /** Every output that is not about links themselves. */
  onOutput(endpoint: Endpoint, output: Output, end: End | undefined): void {
    if (this.trace !== undefined) this.#sayOutput(endpoint.ledger.name, output)
    if (output.type === 'ended') {
      demandCause(this, endpoint, output.report)
      this.statistics.count(`ended: ${output.report.code}` as EventName)
      const pageHadGone = this.client.dead && this.client.ledger.report === undefined
      if (pageHadGone && output.report.clean) {
        this.statistics.count('clean end of a session whose page had gone')
      }
      this.crashes.moment(endpoint, 'ended')
    } else if (output.type === 'attached') this.crashes.moment(endpoint, 'attached')
    else if (output.type === 'message') this.crashes.moment(endpoint, 'message given')
    else if (output.type === 'released') this.crashes.moment(endpoint, 'released')
    if (endpoint !== this.client) return
    if (output.type === 'attached') {
      if (end !== undefined) endpoint.ledger.peer = this.#hosts.get(end.connection)?.ledger
      this.#driver.onAttached()
    } else if (output.type === 'away') {
      this.statistics.count('away')
      this.clock.after(this.#random.int(0, output.after), () => this.#openSecondLink())
    }
  }

  onHello(end: End, endpoint: Endpoint): void {
    this.#hosts.set(end.connection, endpoint)
    if (!endpoint.machine.ended) return
    this.statistics.count('final state told to a late client')
    if (endpoint.ledger.lives > 1) this.statistics.count('end told by a restored server')
  }

  /** A machine ends a link. `newest`: it was the last one that came. */
  onLinkClose(side: Side, code: number, newest: boolean): void {
    if (code === closeCodes.keepaliveTimeout) this.statistics.count('keepalive time-out')
    if (code === closeCodes.helloTimeout) this.statistics.count('welcome time-out')
    if (code !== closeCodes.superseded || side === 'client') return
    this.statistics.count(newest ? 'stale hello refused' : 'takeover of a live link')
  }

  onRefusal(): void {
    if (this.hostile) this.statistics.count('stranger refused')
  }

  onGarbageAtDoor(fault: PeerFault): void {
    demand(this.hostile, 'honest sides agree', () => `the server refuses a first frame: ${fault.message}`)
    this.statistics.count('stranger refused')
  }

  #onFrameSent(end: End): void {
    const { network, garbage: share } = this.plan
    const random = this.#random
    if (share > 0 && random.chance(share)) {
      this.statistics.count('garbage on the link')
      end.inject(garbage(random))
    }
    if (random.chance(network.move)) this.clock.after(random.int(0, 20), () => this.#openSecondLink())
    if (random.chance(network.away) && this.#hosts.has(end.connection)) {
      this.#hosts.get(end.connection)?.input({ type: 'away', after: random.int(0, 100) })
    }
  }

  #openSecondLink(): void {
    const { machine, current } = this.client
    if (machine.ended || current?.state !== 'open' || this.network.healed) return
    this.statistics.count('second link while the first lives')
    this.#driver.connect()
  }

  /** How long a frame is, as a transport tells it: where it does not count, the length of the text. */
  wireBytes(frame: Frame): number {
    return this.#exactBytes ? frameBytes(frame) : frame.length
  }

  // The story

  say(who: string, what: string): void {
    this.trace?.say(who, what)
  }

  traceFrame(from: Side, link: string, arrived: boolean, frame: Frame): void {
    if (this.trace === undefined) return
    try {
      this.trace.frame(from, link, arrived, readFrame(frame).envelopes)
    } catch {
      this.trace.say(`${link} from ${from}`, 'garbage')
    }
  }

  #sayOutput(who: string, output: Output): void {
    switch (output.type) {
      case 'handled':
        return this.say(who, `handled: ${output.messages.map((message) => message.id)}`)
      case 'failed':
        return this.say(who, `failed: ${output.messages.map(({ message, fate }) => `${message.id} ${fate}`)}`)
      case 'message':
        return this.say(who, `is given ${output.envelope.id}`)
      case 'ended':
        return this.say(who, `ended: ${JSON.stringify(output.report)}`)
      default:
        return this.say(who, JSON.stringify({ ...output, payload: undefined }))
    }
  }
}
