import type { JournalSnapshot } from '../../src/journal.ts'
import type { Endpoint } from './endpoint.ts'
import type { Side } from './plan.ts'
import type { Random } from './random.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'

/** When a process may go away, besides at any time: just before or behind what its session would be lost by. */
export type Moment =
  | 'hello accepted'
  | 'attached'
  | 'frame sent'
  | 'write begun'
  | 'write synced'
  | 'message given'
  | 'ended'
  | 'released'
  | 'restored'

/** Moments that come seldom are worth the more. */
const weights: Partial<Record<Moment, number>> = {
  'hello accepted': 5,
  attached: 5,
  restored: 8,
  ended: 15,
  released: 40,
}

/** Takes processes away, and brings them back after a while with what their journals hold. */
export class Crashes {
  /** When a process was last brought back. */
  lastRestartAt = 0
  /** A session of the server is gone for good: it had no journal. */
  serverForgot = false
  /** The client will not come back. */
  clientIsGone = false
  readonly #world: World
  readonly #random: Random
  readonly #count = { client: 0, server: 0 }
  readonly #up = { client: true, server: true }

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  start(): void {
    for (const side of ['client', 'server'] as const) {
      const { at } = this.#world.plan.processes[side]
      for (const time of at) this.#world.clock.at(time, () => this.#crash(side))
    }
  }

  /** Something happens that a process may not survive. */
  moment(endpoint: Endpoint, moment: Moment): void {
    const { side } = endpoint
    const { share, crashes } = this.#world.plan.processes[side]
    if (share === 0 || this.#count[side] >= crashes) return
    const random = this.#random
    if (!random.chance(Math.min(0.7, share * (weights[moment] ?? 1)))) return
    this.#world.clock.after(random.pick([0, 0, random.int(0, 30)]), () => this.#crash(side))
  }

  #crash(side: Side): void {
    const world = this.#world
    const { crashes, downMsMax, journalMs } = world.plan.processes[side]
    if (!this.#up[side] || this.#count[side] >= crashes) return
    // What a process without its journal takes with it is no matter of journals.
    if (side === 'client' && world.client.unjournaled) return
    this.#count[side]++
    this.#up[side] = false
    const sessions = side === 'client' ? [world.client] : world.sessions
    world.say(side, 'CRASHES')
    world.statistics.count(side === 'client' ? 'crash of the client' : 'crash of the server')
    // A hello that has been on its way since before the crash must not find a server that has forgotten everything.
    world.network.crash(side, journalMs === undefined)
    if (side === 'server') world.network.serverIsUp = false
    const found: Array<[Endpoint, JournalSnapshot]> = []
    for (const endpoint of sessions) {
      if (endpoint.dead) continue
      this.#countKind(endpoint)
      const snapshot = this.#end(endpoint)
      if (snapshot !== undefined) found.push([endpoint, snapshot])
    }
    world.onCrash(side)
    world.clock.after(this.#random.int(0, downMsMax), () => this.#bringBack(side, found))
  }

  /** A process ends, for this session. Returns what its next one will find of it. */
  #end(endpoint: Endpoint): JournalSnapshot | undefined {
    const { statistics } = this.#world
    const { ledger, disk, side } = endpoint
    endpoint.die()
    const there = disk?.crash()
    if (there !== undefined) statistics.count(there ? 'crash with a write kept' : 'crash with a write lost')
    const snapshot = disk?.read()
    if (snapshot !== undefined) {
      ledger.onCrash(snapshot)
      return snapshot
    }
    if (endpoint.released) return undefined
    if (disk === undefined) {
      statistics.count('crash without a journal')
      if (side === 'server') this.serverForgot = true
    } else {
      statistics.count('session lost before its first write')
      ledger.in.forgetAll()
      demand(ledger.out.lastLink === 0, 'R-123 written before it leaves', () => `${ledger.name} said hello`)
    }
    if (side === 'client') this.clientIsGone = true
    return undefined
  }

  #bringBack(side: Side, found: Array<[Endpoint, JournalSnapshot]>): void {
    const world = this.#world
    this.#up[side] = true
    this.lastRestartAt = world.clock.now
    if (side === 'server') world.network.serverIsUp = true
    for (const [endpoint, snapshot] of found) {
      this.#countSnapshot(endpoint, snapshot)
      this.moment(world.restore(endpoint, snapshot), 'restored')
    }
  }

  #countKind(endpoint: Endpoint): void {
    const { statistics } = this.#world
    const { ledger, machine, released, disk } = endpoint
    if (disk === undefined) return
    if (released) {
      if (disk.busy) statistics.count('crash while the journal is being erased')
      return
    }
    if (ledger.report !== undefined) statistics.count('crash after the end')
    else if (ledger.did.close !== undefined) statistics.count('crash while closing')
    if (ledger.lives > 1 && !endpoint.written) statistics.count('crash while restoring')
    if (!machine.welcomed) statistics.count('crash before the first welcome')
    if (endpoint.takingOver) statistics.count('crash during a takeover')
  }

  #countSnapshot(endpoint: Endpoint, { state, messages }: JournalSnapshot): void {
    const { statistics } = this.#world
    const { ended } = state
    if (ended?.code === 'finished') statistics.count('restored at the end')
    else if (ended !== undefined) statistics.count('restored after an end that was not clean')
    else if (!state.welcomed) statistics.count('restored before the first welcome')
    else if (state.out.fin !== undefined) statistics.count('restored with fin said')
    if (state.in.fin !== undefined && state.in.handled < state.in.fin.seq) {
      statistics.count("restored with the peer's fin behind messages")
    }
    if (state.out.also !== undefined && messages.length > 0) statistics.count('restored with gaps to send')
    if (state.in.also !== undefined) statistics.count('restored with gaps to receive')
    if (endpoint.released) statistics.count('restored after it was released')
  }
}
