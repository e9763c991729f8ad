import { createServer } from 'node:https'
import { listen } from '@lastword/testkit'
import type { FromServer, StartServer } from './messages.ts'
import type { ServerPolicy } from './stack-list.ts'
import { closingServer, terminatingServer } from './stacks/bare-server.ts'
import { lastwordServer } from './stacks/lastword-server.ts'
import type { ServerStack } from './stacks/server-stack.ts'

const servers: Record<ServerPolicy, ServerStack> = {
  close: closingServer,
  terminate: terminatingServer,
  lastword: lastwordServer,
}

/** The signaling server's process: starts one server, says where it listens, and answers until its parent is gone. */
export function serverProcess(): void {
  process.once('message', (message: StartServer) => {
    start(message).then(
      (port) => tell({ type: 'listening', port }),
      (error: unknown) => tell({ type: 'failed', message: String(error) }),
    )
  })
}

async function start({ policy, key, cert, patienceMs }: StartServer): Promise<number> {
  const server = createServer({ key, cert })
  servers[policy](server, patienceMs === undefined ? {} : { patienceMs })
  return listen(server)
}

function tell(message: FromServer): void {
  process.send?.(message)
}
