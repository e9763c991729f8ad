import type { Happening } from './expansion.ts'
import type { Plan } from './plan.ts'
import type { Broken } from './sides.ts'
import { NumberList, StateStore } from './state-store.ts'
import { type State, World } from './world.ts'

export interface ExploreOptions {
  /** Asked now and then with what has been seen so far; `false` ends the exploration. */
  onProgress?: (progress: Progress) => boolean | Promise<boolean>
  /** Called for each state, once. */
  onState?: (state: State, world: World) => void
  /** Ends at the first violation. */
  firstOnly?: boolean
  /** Ends when so many states have been met. */
  statesMax?: number
}

export interface Progress {
  states: number
  /** States of which everything that can happen is known. */
  expanded: number
  transitions: number
  depth: number
  violations: number
}

export interface Violation {
  broken: Broken
  /** Everything that led there, in order; the shortest way there is. */
  happenings: Happening[]
}

export interface Exploration extends Progress {
  plan: Plan
  world: World
  /** False if it was ended before everything was seen. */
  complete: boolean
  /** How many states of each side, and how often its machine ran. */
  clientStates: number
  serverStates: number
  runs: number
  /** The first of each kind. */
  found: Violation[]
}

/** Violations that are told. */
const foundMax = 5

/**
 * Visits every state that can be reached, breadth first, so that the way to each is the shortest there is. Then it
 * holds that every run ends: nothing goes round in circles, and where nothing has to happen any more, all is over.
 */
export async function explore(plan: Plan, options: ExploreOptions = {}): Promise<Exploration> {
  const explorer = new Explorer(plan, options)
  await explorer.run()
  return explorer.result()
}

const stepsBetweenProgress = 1 << 14

class Explorer {
  readonly #plan: Plan
  readonly #options: ExploreOptions
  readonly #world: World
  readonly #states = new StateStore()
  /** For each state the one from which it was met first, and the how-many-eth thing that happened there. */
  readonly #parents = new NumberList()
  readonly #ordinals = new NumberList()
  /** What can come next, by the states' order: where each one's list begins, and the lists. */
  readonly #edgeStarts = new NumberList()
  readonly #edges = new NumberList()
  readonly #found: Violation[] = []
  readonly #kinds = new Set<string>()
  #violations = 0
  #expanded = 0
  #depth = 0
  #complete = false

  constructor(plan: Plan, options: ExploreOptions) {
    this.#plan = plan
    this.#options = options
    this.#world = new World(plan)
  }

  async run(): Promise<void> {
    const { firstOnly = false, statesMax = Number.POSITIVE_INFINITY } = this.#options
    this.#meet(this.#world.first(), -1, 0)
    let levelEnd = 1
    while (this.#expanded < this.#states.count) {
      if (this.#expanded === levelEnd) {
        levelEnd = this.#states.count
        this.#depth++
      }
      this.#expand(this.#expanded++)
      if (firstOnly && this.#violations > 0) return
      if (this.#states.count >= statesMax) return
      if (this.#expanded % stepsBetweenProgress === 0 && !(await this.#goOn())) return
    }
    this.#edgeStarts.push(this.#edges.length)
    this.#complete = true
    this.#checkEnds()
  }

  result(): Exploration {
    const { clients, servers, runs } = this.#world
    return {
      ...this.#progress(),
      plan: this.#plan,
      world: this.#world,
      complete: this.#complete,
      clientStates: clients.count,
      serverStates: servers.count,
      runs,
      found: this.#found,
    }
  }

  async #goOn(): Promise<boolean> {
    return (await this.#options.onProgress?.(this.#progress())) ?? true
  }

  #progress(): Progress {
    return {
      states: this.#states.count,
      expanded: this.#expanded,
      transitions: this.#edges.length,
      depth: this.#depth,
      violations: this.#violations,
    }
  }

  #meet(state: readonly number[], parent: number, ordinal: number): number {
    const before = this.#states.count
    const id = this.#states.idOf(state)
    if (this.#states.count > before) {
      this.#parents.push(parent)
      this.#ordinals.push(ordinal)
    }
    return id
  }

  #expand(id: number): void {
    const state = this.#states.of(id)
    this.#options.onState?.(state, this.#world)
    this.#edgeStarts.push(this.#edges.length)
    let ordinal = -1
    let mustGoOn = false
    this.#world.expand(state, (next, optional, happening, broken) => {
      ordinal++
      mustGoOn ||= !optional
      if (broken !== undefined) return this.#report(broken, () => [...this.#wayTo(id), happening])
      const before = this.#states.count
      this.#edges.push(this.#meet(next, id, ordinal))
      if (this.#states.count === before) return
      const brokenNow = this.#world.brokenIn(next)
      if (brokenNow !== undefined) this.#report(brokenNow, () => [...this.#wayTo(id), happening])
    })
    if (mustGoOn || this.#world.isFinal(state)) return
    this.#report({ promise: 'P5 closing survives', message: this.#stuckWords(state) }, () => this.#wayTo(id))
  }

  #stuckWords(state: readonly number[]): string {
    const parts = this.#world.partsOf(state)
    const client = this.#world.clients.of(parts.client)
    const server = this.#world.serverOf(parts)
    const words = [
      `client ${lifeOf(client)}`,
      `server ${server === undefined ? 'has no session' : lifeOf(server)}`,
    ]
    if (parts.links.length > 0) words.push(`${parts.links.length} links`)
    return `nothing more must happen, and it is not over: ${words.join(', ')}`
  }

  #report(broken: Broken, way: () => Happening[]): void {
    this.#violations++
    const kind = `${broken.promise} ${broken.message}`
    if (this.#found.length >= foundMax || this.#kinds.has(kind)) return
    this.#kinds.add(kind)
    this.#found.push({ broken, happenings: way() })
  }

  /** Everything that happened on the shortest way to a state. */
  #wayTo(id: number): Happening[] {
    const way: Happening[] = []
    for (let at = id; this.#parents.at(at) >= 0; at = this.#parents.at(at)) {
      const wanted = this.#ordinals.at(at)
      let ordinal = -1
      this.#world.expand(this.#states.of(this.#parents.at(at)), (_, __, happening) => {
        if (++ordinal === wanted) way.push(happening)
      })
    }
    return way.reverse()
  }

  /**
   * Every run ends: the graph has no circle (by Kahn's way of sorting one that has none), and wherever nothing has to
   * happen, both sides are through, which was held in each state.
   */
  #checkEnds(): void {
    const count = this.#states.count
    const incoming = new Int32Array(count)
    for (let i = 0; i < this.#edges.length; i++) {
      const to = this.#edges.at(i)
      incoming[to] = (incoming[to] as number) + 1
    }
    const sources = new NumberList()
    for (let id = 0; id < count; id++) if (incoming[id] === 0) sources.push(id)
    for (let i = 0; i < sources.length; i++) {
      const id = sources.at(i)
      for (let edge = this.#edgeStarts.at(id); edge < this.#edgeStarts.at(id + 1); edge++) {
        const to = this.#edges.at(edge)
        incoming[to] = (incoming[to] as number) - 1
        if (incoming[to] === 0) sources.push(to)
      }
    }
    if (sources.length === count) return
    // The first one that is left stands on a circle, or behind one: either way some run goes on for ever.
    const id = incoming.findIndex((left) => left > 0)
    this.#report({ promise: 'liveness', message: 'a run can go round in circles' }, () => this.#wayTo(id))
  }
}

function lifeOf(side: { released: boolean; report: { code: string } | undefined }): string {
  if (side.report === undefined) return 'has not ended'
  return `has ended (${side.report.code}${side.released ? '' : ', kept'})`
}
