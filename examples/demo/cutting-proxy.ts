import { createProxy, type ProxyConnection, until } from '@lastword/testkit'

/** A proxy in front of a server that resets the connections it was armed for. */
export interface CuttingProxy {
  port: number
  /** How many connections it has reset. */
  readonly cuts: number
  /** The next connection will be reset; those after it pass. */
  arm(): void
  close(): Promise<void>
}

/**
 * How many bytes before the end of what the server says in a round the Answer begins, roughly: the Answer
 * itself, and the close that follows it.
 */
const lastBytes = 1024

/** More than TLS and the upgrade take: a connection is not cut before the Offer could be sent on it. */
const openingBytesMax = 8 * 1024
/** How long the proxy waits for the rest of a round before it cuts all the same, in ms. */
const restMs = 2_000

/**
 * The first connection passes, and shows how many bytes the server has to say in a round. Each connection that the
 * proxy is armed for is reset when all of that has come into the proxy, and half of it has gone on to the client:
 * the server has got rid of its Answer, and the client will never see it on this connection.
 */
export async function createCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  let armed = false
  let cuts = 0
  let bytesOfRound = 0

  function measure(connection: ProxyConnection): void {
    connection.toClient.onBytes((forwarded) => {
      bytesOfRound = forwarded
    })
  }

  function cutHalfway(connection: ProxyConnection): void {
    const { toClient } = connection
    toClient.at(Math.max(openingBytesMax, Math.ceil(bytesOfRound / 2)), () => {
      // Nearly a standstill, while the proxy goes on reading.
      toClient.rateBytesPerSecond = 1
      const rest = () => toClient.bytesReceived >= bytesOfRound - lastBytes || toClient.ended
      void until(rest, { what: 'the rest of the round', timeoutMs: restMs })
        .catch(() => {})
        .then(() => {
          cuts += 1
          connection.cut('reset')
        })
    })
  }

  const proxy = await createProxy({
    targetPort,
    onConnection(connection) {
      if (connection.index === 0) measure(connection)
      if (!armed) return
      armed = false
      cutHalfway(connection)
    },
  })
  return {
    port: proxy.port,
    get cuts() {
      return cuts
    },
    arm() {
      armed = true
    },
    close: () => proxy.close(),
  }
}
