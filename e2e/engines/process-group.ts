import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'

export interface GroupOptions {
  env?: Record<string, string>
  /** A folder that goes with the group, whoever ends it. */
  folder?: string
}

/** A program with all the processes that it starts. */
export interface ProcessGroup {
  /** Resolves with the first match in what the program writes. Rejects if it ends, or takes too long. */
  said(pattern: RegExp, deadlineMs: number): Promise<RegExpExecArray>
  /** Whether the program runs. */
  readonly running: boolean
  /** What the program wrote last, for an error that has to be explained. */
  readonly lastWords: string
  /** Waits until the program has ended by itself, for at most `graceMs`, and kills what there is left of the group. */
  end(graceMs: number): Promise<void>
}

/** How much is kept of what a program writes, in characters. */
const outputMax = 20_000

/**
 * Starts a program as the leader of a process group of its own. The group does not outlive this process: a second
 * process waits for the end of a pipe that this one holds, and kills the group if that comes first. Only so does it
 * end also when this process is killed, as a test runner's worker is that does not end in time.
 */
export function startGroup(
  program: string,
  args: readonly string[],
  options: GroupOptions = {},
): ProcessGroup {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const watcher = child.pid === undefined ? undefined : watch(child.pid, options.folder)
  let output = ''
  let failure: Error | undefined
  const heard = new Set<() => void>()
  const tell = () => {
    for (const listener of heard) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputMax)
      tell()
    })
  }
  const exited = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      failure = error
      resolve()
    })
    child.on('exit', () => resolve())
  }).then(tell)
  const running = () => failure === undefined && child.exitCode === null && child.signalCode === null

  return {
    get running() {
      return running()
    },
    get lastWords() {
      return output.slice(-2_000)
    },
    said(pattern, deadlineMs) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer)
          heard.delete(listener)
          act()
        }
        const listener = () => {
          const match = pattern.exec(output)
          if (match) return settle(() => resolve(match))
          if (running()) return
          const reason = failure?.message ?? `status ${child.exitCode ?? child.signalCode}`
          settle(() => reject(new Error(`${program} ended (${reason}) before it said ${pattern}: ${output}`)))
        }
        const timer = setTimeout(() => {
          settle(() => reject(new Error(`${program} did not say ${pattern} in ${deadlineMs} ms: ${output}`)))
        }, deadlineMs)
        heard.add(listener)
        listener()
      })
    },
    async end(graceMs) {
      if (running()) {
        let timer: NodeJS.Timeout | undefined
        await Promise.race([exited, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))])
        clearTimeout(timer)
      }
      if (child.pid !== undefined) killGroup(child.pid)
      await exited
      // A process that is being killed may still write.
      if (options.folder) await rm(options.folder, { recursive: true, force: true, maxRetries: 5 })
      // Last, for it makes up for all of this if this process is killed in the middle of it.
      if (watcher?.exitCode === null && watcher.signalCode === null) {
        const ended = once(watcher, 'exit')
        watcher.kill('SIGKILL')
        await ended
      }
    },
  }
}

/** A process that kills a group, and removes its folder, as soon as this process is gone. */
function watch(leader: number, folder = ''): ChildProcess {
  const script = 'cat >/dev/null; kill -s KILL -- "-$1"; test -z "$2" || { sleep 1; rm -rf -- "$2"; }'
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(leader), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.unref()
  return watcher
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
