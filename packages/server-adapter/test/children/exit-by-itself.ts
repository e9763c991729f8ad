import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from '@lastword/sdk'
import { WebSocketServer } from 'ws'
import { createAdapter } from '../../src/index.ts'

// Both sides in one process: when all is closed, nothing may keep it alive.
const { key, cert } = JSON.parse(process.argv[2] as string) as Record<string, string>

async function main(): Promise<void> {
  const server = createServer({ key, cert })
  const adapter = createAdapter()
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `wss://localhost:${(server.address() as AddressInfo).port}/`

  const controller = new AbortController()
  const session = connect(url, { tls: { ca: cert as string }, signal: controller.signal })
  await session.request('ask', 1, { signal: controller.signal })
  await session.close()
  // One more that is given up, and one that never found anybody.
  const aborted = connect(url, { tls: { ca: cert as string } })
  await aborted.opened
  aborted.abort()
  await aborted.closed
  server.close()
  const lost = connect(url, { reconnect: { nextDelayMs: ({ attempt }) => (attempt > 2 ? null : 1) } })
  await lost.closed
  process.send?.({ closedAt: Date.now() })
  process.disconnect()
}

void main()
