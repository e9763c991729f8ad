import type { RoleName } from '../roles.ts'
import { Peer, type PeerOptions } from './peer.ts'

/** A server and a client, each a process that stays until `stop`. */
export interface Pair<S extends RoleName, C extends RoleName> {
  readonly server: Peer<S>
  readonly client: Peer<C>
}

/** What both sides used, in seconds of processor time. */
export interface CpuSeconds {
  readonly server: number
  readonly client: number
}

/** Starts both when they are first asked for, and ends what was started. */
export class LazyPair<S extends RoleName, C extends RoleName> {
  readonly #roles: { server: S; client: C }
  readonly #options: PeerOptions
  readonly #connect: (pair: Pair<S, C>) => Promise<unknown>
  readonly #started: Peer<RoleName>[] = []
  #pair: Promise<Pair<S, C>> | undefined

  /** @param connect Has the server listen and the client connect. */
  constructor(
    roles: { server: S; client: C },
    options: PeerOptions,
    connect: (pair: Pair<S, C>) => Promise<unknown>,
  ) {
    this.#roles = roles
    this.#options = options
    this.#connect = connect
  }

  get(): Promise<Pair<S, C>> {
    this.#pair ??= this.#start()
    return this.#pair
  }

  async stop(): Promise<void> {
    await this.#pair?.catch(() => {})
    await Promise.all(this.#started.map((peer) => peer.end()))
  }

  async #start(): Promise<Pair<S, C>> {
    const [server, client] = await Promise.allSettled([
      Peer.start(this.#roles.server, this.#options),
      Peer.start(this.#roles.client, this.#options),
    ])
    // One that has started must be ended also where the other has not.
    for (const side of [server, client]) {
      if (side.status === 'fulfilled') this.#started.push(side.value as unknown as Peer<RoleName>)
    }
    if (server.status === 'rejected') throw server.reason
    if (client.status === 'rejected') throw client.reason
    const pair = { server: server.value, client: client.value }
    await this.#connect(pair)
    return pair
  }
}

/** Does `work` and tells what processor time it took on each side. */
export async function withCpu<T>(
  { server, client }: Pair<RoleName, RoleName>,
  work: () => Promise<T>,
): Promise<{ result: T; cpu: CpuSeconds }> {
  const before = await Promise.all([server.usage(), client.usage()])
  const result = await work()
  const after = await Promise.all([server.usage(), client.usage()])
  const used = (side: 0 | 1) => after[side].cpuSeconds - before[side].cpuSeconds
  return { result, cpu: { server: used(0), client: used(1) } }
}
