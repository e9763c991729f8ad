/**
 * Keeps so many messages on their way: the next one is sent as soon as one is acknowledged. Resolves with how long all
 * took, in seconds; rejects with the first failure.
 *
 * @param send resolves when its message is acknowledged
 */
export function sliding(count: number, outstanding: number, send: () => Promise<unknown>): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    let sent = 0
    let acknowledged = 0
    const next = () => {
      sent += 1
      send().then(onAcknowledged, reject)
    }
    const onAcknowledged = () => {
      acknowledged += 1
      if (sent < count) next()
      else if (acknowledged === count) resolve((performance.now() - startedAt) / 1000)
    }
    while (sent < Math.min(count, outstanding)) next()
  })
}
