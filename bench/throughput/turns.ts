import type { WebSocket } from 'ws'
import { messagesOf, wireOf } from './payload.ts'
import { firstNumber, nowMs, type Sent, type Work } from './work.ts'

/** What stands around the sends of a turn. */
export interface Around {
  before(): void
  after(): void
}

/** In how many parts the messages on their way are looked at: the next part is sent when one has left. */
const parts = 4

/**
 * Sends without acknowledgements: as many as may be on their way wait in the process, and the next quarter of them is sent when
 * one has left it, in one turn. A callback for each message would cost more than the ones that say so much.
 */
export function sendInTurns(
  socket: WebSocket,
  { payload, count, outstanding }: Work,
  around?: Around,
): Promise<Sent> {
  const messageOf = messagesOf(payload)
  const partSize = Math.max(1, Math.floor(outstanding / parts))
  return new Promise((resolve, reject) => {
    let sent = 0
    let waiting = 0
    const sendPart = () => {
      const end = Math.min(count, sent + partSize)
      if (sent === end) return
      waiting += 1
      around?.before()
      for (; sent < end - 1; sent++) socket.send(wireOf(messageOf(firstNumber + sent)))
      socket.send(wireOf(messageOf(firstNumber + sent++)), onLeft)
      around?.after()
    }
    const onLeft = (error?: Error) => {
      if (error) return reject(error)
      waiting -= 1
      sendPart()
      if (waiting === 0 && sent === count) resolve({ startedMs, endedMs: nowMs() })
    }
    const startedMs = nowMs()
    for (let part = 0; part < parts; part++) sendPart()
  })
}
