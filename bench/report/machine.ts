import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
}

export function machineOfThis(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'a processor that does not name itself',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
  }
}
