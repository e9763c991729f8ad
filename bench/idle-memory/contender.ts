import { Peer } from '../harness/peer.ts'
import type { Contender, Sample } from '../harness/types.ts'
import type { RoleName } from '../roles.ts'
import type { Memory } from './memory.ts'

/** Who keeps connections, in which roles. */
export interface Stack {
  readonly id: string
  readonly label: string
  readonly server: Extract<RoleName, `idle-memory-${string}-server`>
  readonly client: Extract<RoleName, `idle-memory-${string}-client`>
}

export interface IdleMemoryOptions {
  readonly connections: number
  /** Whether each has carried a message before it is idle. */
  readonly used: boolean
}

/** Opened before anything is measured, and kept: what is made once is nobody's. */
const firstConnections = 50
/** How long all of them may take to open, in ms. */
const openMs = 90_000

/**
 * A server and a client that are new in every round: what a process has once needed it keeps, and what it holds says
 * nothing about the next round then.
 */
export function idleMemoryContender(stack: Stack, { connections, used }: IdleMemoryOptions): Contender {
  const started: Array<Peer<RoleName>> = []
  let isFirst = true

  async function start<R extends RoleName>(role: R, nodeFlags: string[]): Promise<Peer<R>> {
    const peer = await Peer.start(role, { nodeFlags })
    started.push(peer as unknown as Peer<RoleName>)
    return peer
  }

  async function stop(): Promise<void> {
    await Promise.all(started.splice(0).map((peer) => peer.end()))
  }

  async function measure(): Promise<Sample> {
    const [server, client] = await Promise.all([
      start(stack.server, ['--expose-gc']),
      start(stack.client, []),
    ])
    const address = await server.ask('listen', undefined)
    await client.ask('open', { address, count: firstConnections, used })
    const before = await server.ask('memory')
    await client.ask('open', { address, count: connections, used }, openMs)
    const after = await server.ask('memory')
    const each = (bytesOf: (memory: Memory) => number) =>
      (bytesOf(after) - bytesOf(before)) / connections / 1000
    return {
      residentKb: each(({ residentBytes }) => residentBytes),
      heapKb: each(({ heapBytes }) => heapBytes),
      residentOldKb: each(({ residentBytes, youngBytes }) => residentBytes - youngBytes),
    }
  }

  return {
    id: stack.id,
    label: stack.label,
    async sample(): Promise<Sample> {
      // Processes that are new need no warm-up.
      const isWarmUp = isFirst
      isFirst = false
      if (isWarmUp) return {}
      try {
        return await measure()
      } finally {
        await stop()
      }
    },
    stop,
  }
}
