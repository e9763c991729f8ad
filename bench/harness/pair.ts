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
    const [server, client] = await Promise.all([
      this.#begin(this.#roles.server),
      this.#begin(this.#roles.client),
    ])
    const pair = { server, client }
    await this.#connect(pair)
    return pair
  }

  async #begin<R extends RoleName>(role: R): Promise<Peer<R>> {
    const peer = await Peer.start(role, this.#options)
    this.#started.push(peer as unknown as Peer<RoleName>)
    return peer
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
