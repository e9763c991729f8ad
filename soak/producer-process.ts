import { createServer } from 'node:https'
import { connect, type Session } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import { listen } from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { endWithParent, tellParent } from './child.ts'
import type { Side } from './part.ts'
import { handleSlowly, produce } from './producer/ends.ts'
import type { FromEnd, Load, ToEnd } from './producer/messages.ts'

/** One side of a session through which more goes than fits into either process. */

/** How often the side that handles says how far it is, in bytes. */
const tellEveryBytes = 8 * 1024 * 1024

const tell = (message: FromEnd) => tellParent(message)

endWithParent()
process.once('message', (message: ToEnd) => {
  const started = message.type === 'serve' ? serve(message) : converse(open(message), 'client', message.load)
  started.catch(fail)
})

async function serve({ key, cert, load }: Extract<ToEnd, { type: 'serve' }>): Promise<void> {
  // One message at a time: whoever wants more at once has to have the memory for it.
  const adapter = createAdapter({ concurrency: 1 })
  adapter.onSession((session) => {
    converse(session, 'server', load).catch(fail)
  })
  const server = createServer({ key, cert })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  tell({ type: 'listening', port: await listen(server) })
}

function open({ port, ca }: Extract<ToEnd, { type: 'connect' }>): Session {
  return connect(`wss://localhost:${port}/`, { tls: { ca }, concurrency: 1 })
}

/** Produces, or handles, and closes when all is handled: the producer does. */
async function converse(session: Session, side: Side, load: Load): Promise<void> {
  session.on('error', fail)
  let handled = 0
  let toldBytes = 0
  let produced = { sent: 0, waits: 0 }
  if (side === load.producer) {
    produced = await produce(session, load)
    void session.close()
  } else {
    await handleSlowly(session, load, (messages, bytes) => {
      handled = messages
      if (bytes - toldBytes < tellEveryBytes) return
      toldBytes = bytes
      tell({ type: 'handled', bytes })
    })
  }
  const report = await session.closed
  if (!report.clean) throw new Error(`the ${side}’s report is not clean: ${JSON.stringify(report)}`)
  const peakBytes = process.resourceUsage().maxRSS * 1024
  tell({ type: 'finished', told: { peakBytes, handled, ...produced } })
}

function fail(error: unknown): void {
  tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
