import { endWithParent, tellParent } from './child.ts'
import { within } from './deadline.ts'
import { bareClient } from './sessions/bare-client.ts'
import type { FromClients, ToClients } from './sessions/messages.ts'
import { type Client, sessionClient } from './sessions/session-client.ts'

/** Many clients of one server. */

/** How many of them do something at once. */
const atOnce = 20
/** How often it is said how far they are, in clients. */
const tellEvery = 50
/** How long one of them may take for one step, while thousands do the same. */
const stepMs = 120_000

const tell = (message: FromClients) => tellParent(message)
let clients: Client[] = []

endWithParent()
process.on('message', (message: ToClients) => {
  follow(message).then(
    () => tell({ type: 'did', what: message.type }),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      tell({ type: 'failed', message: `${message.type}: ${text}` })
    },
  )
})

async function follow(message: ToClients): Promise<void> {
  if (message.type === 'open') {
    const { kind, port, ca, count } = message
    const url = `wss://localhost:${port}/`
    const create = () => (kind === 'sessions' ? sessionClient(url, ca) : bareClient(url, ca))
    clients = Array.from({ length: count }, create)
  }
  const rest = clients.values()
  let done = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const client of rest) {
        await within(stepMs, `a client to ${message.type}`, client[message.type]())
        done += 1
        if (done % tellEvery === 0) tell({ type: 'step', done: tellEvery })
      }
    }),
  )
}
