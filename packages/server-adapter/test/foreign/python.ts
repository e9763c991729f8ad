import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Debian's own interpreter: it sees Debian's packages, which one earlier on the PATH may not. */
export const debianPython = '/usr/bin/python3'

const installMs = 60_000

/** Makes Python's `websockets` be there, or says why it cannot. */
export async function missingWebsockets(): Promise<string | undefined> {
  if (!existsSync(debianPython)) return `there is no ${debianPython}`
  if (await succeeds(debianPython, ['-c', 'import websockets'])) return undefined
  if (process.getuid?.() !== 0 || !isDebian())
    return 'python3-websockets is not installed, and only root on Debian can install it here'
  await succeeds('apt-get', ['update', '-qq'])
  const wanted = ['install', '-y', '-qq', '--no-install-recommends', 'python3-websockets']
  if (!(await succeeds('apt-get', wanted))) return 'apt-get could not install python3-websockets'
  return (await succeeds(debianPython, ['-c', 'import websockets'])) ? undefined : 'it does not load'
}

/** Runs a Python script with a JSON input. Resolves with the lines of JSON that it wrote. */
export function runPython<T>(script: string, input: unknown, deadlineMs: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(debianPython, [script], { stdio: ['pipe', 'pipe', 'pipe'] })
    const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
    let output = ''
    let problem = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (problem += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(deadline)
      if (code !== 0) reject(new Error(`${script} ended with ${code}: ${problem.trim()}`))
      else
        resolve(
          output
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        )
    })
    child.stdin.end(JSON.stringify(input))
  })
}

function succeeds(program: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const child = spawn(program, args, { stdio: 'ignore', env, timeout: installMs })
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

function isDebian(): boolean {
  try {
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
