import { Child } from './child.ts'
import { deadlineOf, withDeadline } from './deadline.ts'
import { type Cell, needsProxy, processEnds } from './matrix.ts'
import type { FromClient, FromServer, ToClient } from './messages.ts'
import { type Network, openNetwork } from './network.ts'
import { type OpeningBytes, probeOpening } from './opening.ts'
import { type RoundOutcome, type Tally, tallyOf } from './outcome.ts'
import type { RunningServer, Servers } from './servers.ts'
import type { StackId } from './stacks.ts'
import { batchOf, waveOf } from './waves.ts'

export type ClientChild = Child<ToClient, FromClient>

const startMs = 20_000
/** What a wave may take besides the deadline of its rounds, in ms. */
const spareMs = 15_000

/** A client's process, and a server's where the round does not end it: plays one cell with one stack after the other. */
export class Lane {
  readonly #servers: Servers
  readonly #ca: string
  #client: ClientChild | undefined
  #server: RunningServer | undefined
  #opening: OpeningBytes | undefined
  #round = 0

  constructor(servers: Servers, ca: string) {
    this.#servers = servers
    this.#ca = ca
  }

  /** Plays up to `rounds` rounds of a cell; fewer if `signal` is aborted, or if the cell had to be given up. */
  async play(
    cell: Cell,
    stack: StackId,
    rounds: number,
    onRound: (outcome: RoundOutcome) => void,
    signal: AbortSignal,
  ): Promise<Tally> {
    const outcomes: RoundOutcome[] = []
    const told = { clean: new Set<number>(), twice: new Set<number>() }
    let hurt = 0
    let failure: string | undefined
    try {
      while (outcomes.length < rounds && !signal.aborted) {
        const size = Math.min(waveOf(cell), rounds - outcomes.length)
        hurt += await this.#playWave(cell, stack, size, told, (outcome) => {
          // What an interrupt did to a round is not the round's own.
          if (signal.aborted) return
          outcomes.push(outcome)
          onRound(outcome)
        })
      }
    } catch (error) {
      if (!signal.aborted) failure = error instanceof Error ? error.message : String(error)
      await this.end()
    }
    return tallyOf(
      outcomes.map((outcome) => withServersWord(outcome, told)),
      hurt,
      failure,
    )
  }

  async end(): Promise<void> {
    const [client, server] = [this.#client, this.#server]
    this.#client = undefined
    this.#server = undefined
    await Promise.all([client?.end(), server?.end()])
  }

  async #playWave(
    cell: Cell,
    stack: StackId,
    size: number,
    told: { clean: Set<number>; twice: Set<number> },
    onRound: (outcome: RoundOutcome) => void,
  ): Promise<number> {
    const client = await this.#ready()
    const opening = await this.#measured(client)
    const server = processEnds(cell) ? await this.#servers.start() : await this.#lasting()
    const networks: Network[] = []
    let over = false
    let successor: Promise<RunningServer | undefined> = Promise.resolve(undefined)
    server.onMessage((message: FromServer) => {
      if (message.type === 'report' && message.clean) told.clean.add(message.round)
      if (message.type === 'asked-twice') told.twice.add(message.round)
    })
    if (cell.way === 'kill' && stack === 'lastword') {
      // Whoever runs a server starts it again; it knows nothing of the sessions that there were.
      successor = server.ended.then(() => (over ? undefined : this.#servers.start(server.ports)))
      successor.catch(() => {})
    }
    try {
      const port = server.ports[cell.scheme]
      const wave = await Promise.all(
        Array.from({ length: size }, async () => {
          this.#round += 1
          const round = this.#round
          if (!needsProxy(cell)) return { round, port }
          const network = await openNetwork(port, cell, opening[cell.scheme][stack])
          networks.push(network)
          return { round, port: network.port }
        }),
      )
      const played = new Promise<void>((resolve) => {
        client.onMessage = (message) => {
          if (message.type === 'outcome') onRound(message.outcome)
          else if (message.type === 'played') resolve()
        }
      })
      client.send({ type: 'play', cell, stack, rounds: wave, batch: batchOf(cell, size), ca: this.#ca })
      // A round of lastword may take the deadline twice: for its answer, and for its end.
      const ms = 2 * deadlineOf(cell) + spareMs
      await withDeadline(Promise.race([played, client.endedEarly()]), ms, 'a wave of rounds')
      return networks.filter((network) => network.hurt).length
    } finally {
      over = true
      await Promise.all(networks.map((network) => network.close()))
      if (processEnds(cell)) await server.end()
      await (await successor.catch(() => undefined))?.end()
    }
  }

  async #ready(): Promise<ClientChild> {
    if (this.#client !== undefined) return this.#client
    const client: ClientChild = new Child('client-process')
    this.#client = client
    await client.next((message): message is FromClient => message.type === 'ready', startMs, 'a client')
    return client
  }

  /** The server for the rounds that do not end it. */
  async #lasting(): Promise<RunningServer> {
    if (this.#server === undefined) {
      const server = await this.#servers.start()
      this.#server = server
      void server.ended.then(() => {
        if (this.#server === server) this.#server = undefined
      })
    }
    return this.#server
  }

  async #measured(client: ClientChild): Promise<OpeningBytes> {
    this.#opening ??= await probeOpening(client, (await this.#lasting()).ports, this.#ca)
    return this.#opening
  }
}

/** What only the server could tell of a round, added to what its client told. */
function withServersWord(
  outcome: RoundOutcome,
  { clean, twice }: { clean: Set<number>; twice: Set<number> },
): RoundOutcome {
  if (outcome.falseReport !== undefined) return outcome
  if (twice.has(outcome.round))
    return { ...outcome, falseReport: 'once, of a request that was given out twice' }
  if (!outcome.delivered && clean.has(outcome.round))
    return { ...outcome, falseReport: "the server's clean close, of an answer that was lost" }
  return outcome
}
