import { spawn } from 'node:child_process'
import type { Part, PartOptions } from './part.ts'

/** What a command has written beyond this is let go of, the oldest first. */
const keptChars = 200_000

/**
 * A part that is a script of the workspace's `package.json`, whose last line has the figures. `npm test` runs slices of
 * these as steps of its own, so that they are no part of the soak's.
 */
export function commandPart(script: string, args: string[], description: string): Part {
  return {
    name: script,
    description: `npm run ${[script, ...(args.length > 0 ? ['--'] : []), ...args].join(' ')}: ${description}`,
    wholeOnly: true,
    run: (options) => runScript(script, args, options),
  }
}

function runScript(script: string, args: string[], { signal, log }: PartOptions): Promise<string> {
  // What it says on stderr, its progress for one, goes where ours goes.
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  })
  const stop = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptChars)
  })
  return new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      const lines = output.trimEnd().split('\n')
      const last = lines.pop() ?? ''
      if (code === 0) return resolve(last)
      log(lines.join('\n'))
      reject(new Error(`${last} (${killedBy ?? `exit status ${code}`})`))
    })
  }).finally(() => signal.removeEventListener('abort', stop))
}
