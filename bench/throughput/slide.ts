import { type Message, messagesOf } from './payload.ts'
import { firstNumber, nowMs, type Sent, type Work } from './work.ts'

/**
 * Keeps as many messages on their way as the work says: the next one is sent as soon as one is acknowledged. Resolves when
 * all are; rejects with the first failure.
 *
 * @param send resolves when its message is acknowledged
 */
export function slide(
  { payload, count, outstanding }: Work,
  send: (message: Message) => Promise<unknown>,
): Promise<Sent> {
  const messageOf = messagesOf(payload)
  return new Promise((resolve, reject) => {
    const startedMs = nowMs()
    let sent = 0
    let acknowledged = 0
    const next = () => {
      send(messageOf(firstNumber + sent++)).then(onAcknowledged, reject)
    }
    const onAcknowledged = () => {
      acknowledged += 1
      if (sent < count) next()
      else if (acknowledged === count) resolve({ startedMs, endedMs: nowMs() })
    }
    while (sent < Math.min(count, outstanding)) next()
  })
}
