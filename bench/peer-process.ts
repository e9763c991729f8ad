import type { CommandReply, CommandRequest, Commands, Usage } from './harness/role.ts'
import { type RoleName, roles } from './roles.ts'

/** A process that the bench starts, in the role that its argument names: does what it is told, and ends with its parent. */

process.on('disconnect', () => process.exit(0))
// The parent may have gone before this was loaded.
if (!process.connected) process.exit(0)
// An interrupt of the terminal is for the parent, which ends this process.
process.on('SIGINT', () => {})

/** What an application holds: V8 lets a process that holds little have little garbage before it collects all of it. */
const held = Array.from({ length: Number(process.argv[3] ?? 0) }, (_, index) => ({ index, text: `${index}` }))

const usual: Commands = {
  /** How many objects are held. */
  $held: () => held.length,

  /** @param collect Whether the garbage is to be collected first, if the process was started so that it can be. */
  $usage(collect: boolean): Usage {
    if (collect) (globalThis as { gc?: () => void }).gc?.()
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    return {
      cpuSeconds: (user + system) / 1e6,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    }
  },
}

try {
  const role = roles[process.argv[2] as RoleName]
  if (role === undefined) throw new Error(`there is no role '${process.argv[2]}' in bench/roles.ts`)
  const commands: Commands = { ...usual, ...(await role()).commands }
  process.on('message', (request: CommandRequest) => void obey(commands, request))
  tell({ type: 'ready' })
} catch (error) {
  tell({ type: 'error', id: undefined, message: textOf(error) })
}

async function obey(commands: Commands, { id, command, argument }: CommandRequest): Promise<void> {
  try {
    const run = commands[command]
    if (run === undefined) throw new Error(`there is no command '${command}'`)
    tell({ type: 'result', id, result: await run(argument as never) })
  } catch (error) {
    tell({ type: 'error', id, message: textOf(error) })
  }
}

function tell(reply: CommandReply): void {
  // A parent that has gone, or ends this process, is told nothing more.
  process.send?.(reply, undefined, undefined, () => {})
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
