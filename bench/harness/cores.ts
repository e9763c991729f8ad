import { existsSync } from 'node:fs'

const programs = ['/usr/bin/taskset', '/bin/taskset']

/** A program that runs another one on one core, with its arguments; `undefined` where there is none. */
export function taskset(core: number): { program: string; args: string[] } | undefined {
  const program = programs.find(existsSync)
  return program === undefined ? undefined : { program, args: ['-c', String(core)] }
}
