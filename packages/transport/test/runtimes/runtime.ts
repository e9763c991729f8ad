import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { certificate } from '@lastword/testkit'

/** A JavaScript runtime that npm can install, with a WebSocket of its own. */
export interface Runtime {
  name: string
  /** The package for npx, and what goes before the name of a script. */
  command: [npmPackage: string, ...flags: string[]]
}

export const runtimes: Runtime[] = [
  { name: 'Node 24', command: ['node@24'] },
  { name: 'Bun', command: ['bun'] },
  // Its TLS refuses a certificate that vouches for itself, whoever trusts it.
  { name: 'Deno', command: ['deno', 'run', '-A', '--no-check', '--unsafely-ignore-certificate-errors'] },
]

const installMs = 40_000

/** Installs a runtime (npx keeps it). Resolves with why that cannot be done, or with nothing. */
export async function missing({ command: [npmPackage] }: Runtime): Promise<string | undefined> {
  const { code, output } = await npx([npmPackage, '--version'], {}, installMs)
  return code === 0 ? undefined : `npx could not install ${npmPackage}: ${output.trim().slice(-300)}`
}

/** Runs a script that trusts the test's certificate. Rejects if it fails; resolves with what it wrote. */
export async function runScript(
  { name, command }: Runtime,
  script: string,
  env: { [name: string]: string },
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lastword-runtime-'))
  try {
    const authority = path.join(folder, 'authority.pem')
    await writeFile(authority, (await certificate()).cert)
    const { code, output } = await npx(
      [...command, script],
      { ...env, NODE_EXTRA_CA_CERTS: authority },
      40_000,
    )
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${output}`)
    return output
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Result {
  code: number | null
  output: string
}

function npx(args: string[], env: { [name: string]: string }, deadlineMs: number): Promise<Result> {
  return new Promise((resolve) => {
    // Its own process group, so that a deadline ends what npx has started, too.
    const child = spawn('npx', ['--yes', ...args], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    let problem = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (problem += chunk))
    const deadline = setTimeout(() => {
      problem += `not done within ${deadlineMs} ms`
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    }, deadlineMs)
    child.on('error', (error) => (problem += error.message))
    child.on('close', (code) => {
      clearTimeout(deadline)
      resolve({ code, output: code === 0 ? output : output + problem })
    })
  })
}
