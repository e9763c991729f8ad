import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from './deadline.ts'

/** How long a process may take to end when it was asked to, in ms. */
const endMs = 2_000

export type Program =
  | 'cut-process'
  | 'takeover-process'
  | 'producer-process'
  | 'sessions-server-process'
  | 'sessions-clients-process'
  | 'forgotten-server-process'
  | 'killed-process'
  | 'restarted-server-process'

/** A process of the soak. It ends with its parent, whatever happens to that. */
export class Child<In extends object, Out extends object> {
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  onMessage: (message: Out) => void = () => {}
  readonly #process: ChildProcess

  /** @param program Bundled beside this one. `execArgv`: options of Node itself. */
  constructor(program: Program, execArgv: string[] = []) {
    this.#process = fork(fileURLToPath(new URL(`./${program}.mjs`, import.meta.url)), [], {
      execArgv: [...process.execArgv, ...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(String(error)))
      this.#process.once('exit', (code, signal) => {
        const how = signal ?? `exit status ${code}`
        // What it said last may still be on its way.
        if (this.#process.connected) this.#process.once('disconnect', () => resolve(how))
        else resolve(how)
      })
    })
    this.#process.on('message', (message) => this.onMessage(message as Out))
  }

  send(message: In): void {
    // A process that is gone has been noticed, or will be, by whoever waits for it.
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  /** Resolves with the next message that `take` takes; rejects if the process ends before, or after `ms`. */
  next<M extends Out>(take: (message: Out) => message is M, ms: number, what: string): Promise<M> {
    const message = new Promise<M>((resolve) => {
      this.onMessage = (candidate) => {
        if (take(candidate)) resolve(candidate)
      }
    })
    return within(ms, what, Promise.race([message, this.endedEarly()]))
  }

  /** Rejects when the process ends. */
  async endedEarly(): Promise<never> {
    throw new Error(`a process of the soak ended: ${await this.ended}`)
  }

  /** Ends the process, by force if it does not go by itself. Resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    try {
      await within(endMs, 'a process to end', this.ended)
    } catch {
      await this.kill()
    }
  }

  /** Takes the process away as a crash does. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }
}

/** Makes this process end with its parent, and leave an interrupt of the terminal to its parent. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(0))
  process.on('SIGINT', () => {})
}

/** Tells the parent. One that has gone, or ends this process, is told nothing more. */
export function tellParent(message: object): void {
  process.send?.(message, undefined, undefined, () => {})
}
