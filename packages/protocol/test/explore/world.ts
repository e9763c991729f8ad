import { Expansion, type Visit } from './expansion.ts'
import { Frames } from './frames.ts'
import { Interned } from './interned.ts'
import { keyOf, type Link } from './link.ts'
import { nothingYet, type Past } from './past.ts'
import type { Plan } from './plan.ts'
import { brokenBetween } from './promises.ts'
import type { Role, Side } from './side.ts'
import { type Broken, type SideId, Sides } from './sides.ts'

/** A state of the world: the client, the server, what has been, then the links; numbers that stand for states of parts. */
export type State = readonly number[]

/** The parts of a state. `server` is 0 before there is a session. */
export interface Parts {
  readonly client: SideId
  readonly server: SideId
  readonly past: Past
  readonly links: readonly Link[]
}

/** A client, a server and the network between them, as a graph: states, and what can happen in each. */
export class World {
  readonly plan: Plan
  readonly frames = new Frames()
  readonly clients: Sides
  readonly servers: Sides
  readonly #pasts = new Interned<Past>((past) => JSON.stringify(past))
  readonly #links = new Interned<Link>(keyOf)
  /** What the server's door says to a client whose session it does not know. */
  readonly refusal = this.frames.idOf('[{"t":"reset","code":"session-unknown"}]')
  readonly #seen = new Map<string, Broken | undefined>()

  constructor(plan: Plan) {
    this.plan = plan
    this.clients = new Sides('client', plan, this.frames)
    this.servers = new Sides('server', plan, this.frames)
  }

  /** How often a machine ran. */
  get runs(): number {
    return this.clients.runs + this.servers.runs
  }

  first(): State {
    return this.stateOf({ client: this.clients.fresh(), server: 0, past: nothingYet, links: [] })
  }

  stateOf({ client, server, past, links }: Parts): State {
    return [client, server, this.#pasts.idOf(past), ...links.map((link) => this.#links.idOf(link))]
  }

  partsOf(state: State): Parts {
    const [client = 0, server = 0, past = 0, ...links] = state
    return { client, server, past: this.#pasts.of(past), links: links.map((id) => this.#links.of(id)) }
  }

  sidesOf(role: Role): Sides {
    return role === 'client' ? this.clients : this.servers
  }

  /** The latest session on the server, also when it has been forgotten; `undefined` if there never was one. */
  serverOf({ server }: Parts): Side | undefined {
    return server === 0 ? undefined : this.servers.of(server)
  }

  /** True if everything is over, on both sides. */
  isFinal(state: State): boolean {
    const parts = this.partsOf(state)
    const server = this.serverOf(parts)
    return (
      parts.links.length === 0 &&
      this.clients.of(parts.client).released &&
      (server === undefined || server.released)
    )
  }

  /** The promises that show in a state, rather than in what leads to it. */
  brokenIn(state: State): Broken | undefined {
    const parts = this.partsOf(state)
    const { client, server, past } = parts
    const key = `${client},${server},${past.arrived},${past.finished},${past.refused},${past.waits > 0}`
    if (this.#seen.has(key)) return this.#seen.get(key)
    const broken = brokenBetween(this.clients.of(client), this.serverOf(parts), past)
    this.#seen.set(key, broken)
    return broken
  }

  /** Visits everything that can happen in a state. */
  expand(state: State, visit: Visit): void {
    new Expansion(this, this.partsOf(state), visit).run()
  }
}
