import { limits } from '../../src/limits.ts'
import type { Appointment } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { EndEvents } from './network.ts'
import { backOffMaxMs } from './plan.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** Longest first frame that fits into the upgrade request: base64url makes four characters of three bytes. */
const earlyBytesMax = Math.floor((limits.earlyCharsMax * 3) / 4)

/** The driver of the client that finds it a link whenever it wants one: with a growing pause, until it gives up. */
export class ClientDriver {
  readonly #world: World
  readonly #random: Random
  readonly #endpoint: Endpoint
  /** Apart, so that what pages do makes no other run of what the network does. */
  readonly #pageRandom: Random
  #attempts = 0
  #gaveUp = false
  /** True if the page will be left for good soon after it has closed. */
  #leavesSoon = false
  #pause: Appointment | undefined

  constructor(world: World, random: Random, endpoint: Endpoint, giveUp: () => void) {
    this.#world = world
    this.#random = random
    this.#endpoint = endpoint
    endpoint.onTurn = () => this.#onTurn()
    this.#pageRandom = world.pageRandom.fork()
    if (world.inPage) {
      const { healAt } = world.plan.network
      for (let i = this.#pageRandom.int(0, 3); i > 0; i--)
        endpoint.after(this.#pageRandom.int(0, healAt), () => this.#leavePage(this.#pageRandom.chance(0.5)))
      this.#leavesSoon = this.#pageRandom.chance(0.25)
    }
    const { giveUpAt } = world.plan
    if (giveUpAt !== undefined && giveUpAt >= world.clock.now) {
      endpoint.after(giveUpAt - world.clock.now, () => {
        if (endpoint.machine.ended || endpoint.machine.attached) return
        this.#gaveUp = true
        world.statistics.count('client gave up')
        giveUp()
      })
    }
  }

  onAttached(): void {
    this.#attempts = 0
  }

  /** Opens a link now, whether there is one or not. */
  connect(): void {
    const endpoint = this.#endpoint
    const { machine } = endpoint
    const { network, statistics } = this.#world
    if (this.#pause !== undefined) this.#pause.run = undefined
    this.#attempts++
    const farewell = machine.ended
    const id = endpoint.nextLinkId()
    endpoint.input({ type: 'link-start', link: id })
    // A driver that polls for the upgrade request asks for a short frame; one that does not may poll later, or now.
    const wantsEarly = this.#random.chance(this.#world.plan.network.early)
    const first = wantsEarly
      ? machine.pollFrameOf(id, earlyBytesMax)
      : this.#random.chance(0.5)
        ? machine.pollFrameOf(id)
        : undefined
    const early = wantsEarly && typeof first === 'string' && Buffer.byteLength(first) <= earlyBytesMax
    if (farewell) statistics.count('farewell on another link')
    if (farewell && endpoint.ledger.lives > 1) statistics.count('farewell of a restored client')
    if (early) statistics.count('early frame')
    this.#world.say('client', `opens a link${early ? ' with an early frame' : ''}`)
    endpoint.bind(
      id,
      (events) => {
        const { clientEnd } = network.connect(events, early ? first : undefined)
        if (first !== undefined) endpoint.polled(first)
        if (early && first !== undefined && !clientEnd.connection.refused)
          endpoint.transmitted(clientEnd, first)
        return clientEnd
      },
      first,
      early,
    )
  }

  /**
   * The page goes away: what it had to say goes on a one-shot link. It comes back from the back-forward cache, or it has
   * closed, and goes for good.
   */
  #leavePage(forGood: boolean): void {
    const { network, statistics, crashes } = this.#world
    const { ledger, machine } = this.#endpoint
    const bytesMax = this.#pageRandom.pick([1_000, 60_000])
    const gone = forGood && this.#world.goesForGood && ledger.did.fin && !machine.ended
    statistics.count('page went away')
    if (gone) {
      statistics.count('page went away for good')
      crashes.clientIsGone = true
    }
    this.#endpoint.leavePage(bytesMax, gone, (frames) => {
      if (frames.length > 0) statistics.count('page went away with something to say')
      const events: EndEvents = {
        onOpen() {
          for (const frame of frames) clientEnd.send(frame)
        },
        onFrame() {},
        onDrain() {},
        onEnd() {},
      }
      const { clientEnd } = network.connect(events, undefined)
      return clientEnd
    })
  }

  #onTurn(): void {
    if (this.#leavesSoon && this.#endpoint.ledger.did.fin) {
      this.#leavesSoon = false
      this.#endpoint.after(this.#pageRandom.int(0, 100), () => this.#leavePage(true))
    }
    if (this.#gaveUp || this.#pause?.run !== undefined || !this.#endpoint.machine.wantsLink) return
    const most = Math.min(backOffMaxMs, 10 * 2 ** this.#attempts)
    this.#pause = this.#endpoint.after(this.#attempts === 0 ? 0 : this.#random.int(0, most), () => {
      if (!this.#gaveUp && this.#endpoint.machine.wantsLink) this.connect()
    })
  }
}
