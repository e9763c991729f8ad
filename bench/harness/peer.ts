import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CommandsOf, RoleName } from '../roles.ts'
import { taskset } from './cores.ts'
import { withDeadline } from './deadline.ts'
import type { CommandReply, Usage } from './role.ts'

export interface PeerOptions {
  /** The one core that it may run on; any where it is left out or cannot be chosen. */
  readonly core?: number
  /** Lets ws use its native parts (`bufferutil`), which are left out otherwise, as few have them. */
  readonly bufferutil?: boolean
  /** How many small objects it holds besides, as an application would. @default 0 */
  readonly heldObjects?: number
  /** Flags for Node, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[]
}

const startMs = 20_000
/** How long a command may take unless it is told otherwise, in ms. */
const commandMs = 60_000
/** How long a process may take to end when it was asked to, in ms. */
const endMs = 2_000
/** The same for one that writes a profile, in ms. */
const endProfiledMs = 20_000

/** Where every process that is started writes a profile of its processor time when it ends; nowhere if it is empty. */
let profileFolder = ''

export function profileInto(folder: string): void {
  profileFolder = folder
}

const living = new Set<Peer<RoleName>>()

/** Ends whatever process is left, such as one that was still starting when the bench was interrupted. */
export async function endEveryPeer(): Promise<void> {
  await Promise.all([...living].map((peer) => peer.end()))
}

/**
 * One process that the bench started, in one of `bench/roles.ts`. It ends with its parent, whatever happens to that, and
 * leaves an interrupt of the terminal to it.
 */
export class Peer<R extends RoleName> {
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  readonly #role: R
  readonly #process: ChildProcess
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >()
  readonly #ready: Promise<void>
  #commands = 0

  private constructor(role: R, { core, bufferutil = false, heldObjects = 0, nodeFlags = [] }: PeerOptions) {
    this.#role = role
    const program = fileURLToPath(new URL('./peer-process.mjs', import.meta.url))
    const flags = [...nodeFlags, ...(profileFolder === '' ? [] : profileFlags(role, profileFolder))]
    const pinned = core === undefined ? undefined : taskset(core)
    this.#process = fork(program, [role, String(heldObjects)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: environment(bufferutil),
      ...(pinned === undefined
        ? { execArgv: flags }
        : { execPath: pinned.program, execArgv: [...pinned.args, process.execPath, ...flags] }),
    })
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(String(error)))
      this.#process.once('exit', (code, signal) => resolve(signal ?? `exit status ${code}`))
    })
    let ready = () => {}
    let failed = (_error: Error) => {}
    this.#ready = new Promise((resolve, reject) => {
      ready = resolve
      failed = reject
    })
    this.#process.on('message', (reply: CommandReply) => {
      if (reply.type === 'ready') return ready()
      if (reply.type === 'error' && reply.id === undefined) return failed(this.#error(reply.message))
      const waiting = this.#waiting.get(reply.id as number)
      this.#waiting.delete(reply.id as number)
      if (reply.type === 'error') waiting?.reject(this.#error(reply.message))
      else waiting?.resolve(reply.result)
    })
    living.add(this as unknown as Peer<RoleName>)
    void this.ended.then((how) => {
      living.delete(this as unknown as Peer<RoleName>)
      const error = this.#error(`the process ended: ${how}`)
      failed(error)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  /** Resolves when the process has loaded its role. Rejects, with the process ended, if it cannot. */
  static async start<R extends RoleName>(role: R, options: PeerOptions = {}): Promise<Peer<R>> {
    const peer = new Peer(role, options)
    try {
      await withDeadline(peer.#ready, startMs, `the process ${role} to start`)
    } catch (error) {
      await peer.end()
      throw error
    }
    return peer
  }

  /**
   * Has it do one of its role's commands; resolves with what that gave. Rejects with the command's error, when the process
   * ends before, or after `deadlineMs`.
   */
  ask<C extends string & keyof CommandsOf<R>>(
    command: C,
    ...[argument, deadlineMs = commandMs]: Ask<CommandsOf<R>[C]>
  ): Promise<Result<CommandsOf<R>[C]>> {
    return this.#ask(command, argument, deadlineMs) as Promise<Result<CommandsOf<R>[C]>>
  }

  /** @param collect Whether to collect the garbage first; needs the flag `--expose-gc`. */
  usage(collect = false): Promise<Usage> {
    return this.#ask('$usage', collect, commandMs) as Promise<Usage>
  }

  /** Ends the process, by force if it does not go by itself. Resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    try {
      await withDeadline(this.ended, profileFolder === '' ? endMs : endProfiledMs, 'a process to end')
    } catch {
      this.#process.kill('SIGKILL')
      await this.ended
    }
  }

  #ask(command: string, argument: unknown, deadlineMs: number): Promise<unknown> {
    const id = ++this.#commands
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // One that is gone is told by `ended`, which knows how.
      if (this.#process.connected) this.#process.send({ id, command, argument }, () => {})
      else void this.ended.then((how) => reject(this.#error(`the process ended: ${how}`)))
    })
    return withDeadline(answer, deadlineMs, `${command} of ${this.#role}`).finally(() =>
      this.#waiting.delete(id),
    )
  }

  #error(message: string): Error {
    return new Error(`${this.#role}: ${message}`)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all.
type Fn = (...args: any[]) => unknown
/** The argument of a command, where it has one, and how long it may take, in ms. */
type Ask<F> = F extends Fn
  ? Parameters<F> extends []
    ? [argument?: undefined, deadlineMs?: number]
    : [argument: Parameters<F>[0], deadlineMs?: number]
  : never
type Result<F> = F extends Fn ? Awaited<ReturnType<F>> : never

let profiles = 0

function profileFlags(role: string, folder: string): string[] {
  profiles += 1
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${role}-${profiles}.cpuprofile`]
}

/** As a server in production has it. Node 20 checks UTF-8 natively, so that ws needs no help there in any case. */
function environment(bufferutil: boolean): NodeJS.ProcessEnv {
  const { WS_NO_BUFFER_UTIL: _, ...env } = process.env
  return {
    ...env,
    NODE_ENV: 'production',
    WS_NO_UTF_8_VALIDATE: '1',
    ...(bufferutil ? {} : { WS_NO_BUFFER_UTIL: '1' }),
  }
}
