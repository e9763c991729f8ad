import { existsSync, readFileSync } from 'node:fs'

const programs = ['/usr/bin/taskset', '/bin/taskset']

/** A program that runs another one on one core, with its arguments; `undefined` where there is none. */
export function taskset(core: number): { program: string; args: string[] } | undefined {
  const program = programs.find(existsSync)
  return program === undefined ? undefined : { program, args: ['-c', String(core)] }
}

/** A core that this process may use, if processes can be kept to one here (Linux with util-linux). */
export function oneCore(): number | undefined {
  if (taskset(0) === undefined) return undefined
  try {
    const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return allowed === undefined ? undefined : Number(allowed)
  } catch {
    return undefined
  }
}
