import { createProxy, type ProxyConnection } from '@lastword/testkit'
import { bytesOf, type Cell, trickleBytesPerSecond } from './matrix.ts'

/** One round's proxy. */
export interface Network {
  port: number
  /** True once it has hurt the round's connection. */
  readonly hurt: boolean
  close(): Promise<void>
}

/** How much is sure to be behind the opening: not even a frame's header can be decrypted from so little. */
const marginBytes = 16
/** What TLS adds to each record, and how much a record holds. */
const recordBytes = 22
const recordPayloadBytes = 16 * 1024
/** How long a server must have said nothing more for its last byte to have been the last, in ms. */
const silenceMs = 20

/**
 * A proxy for one round, in front of `targetPort`. Its first connection is hurt as the condition says, those after it
 * pass; under `trickle` all of them are slow.
 *
 * @param openingBytes What a server says before its first message: its part of the handshakes.
 */
export async function openNetwork(targetPort: number, cell: Cell, openingBytes: number): Promise<Network> {
  let hurt = false
  const proxy = await createProxy({
    targetPort,
    onConnection(connection) {
      if (cell.condition === 'trickle') {
        connection.toClient.rateBytesPerSecond = trickleBytesPerSecond
        hurt = true
      } else if (connection.index === 0) {
        plan(connection)
      }
    },
  })

  function plan(connection: ProxyConnection): void {
    const { toClient } = connection
    const middle = openingBytes + Math.ceil(wireBytesOf(cell) / 2)
    const cut = (how: 'reset' | 'end') => () => {
      hurt = true
      connection.cut(how)
    }
    switch (cell.condition) {
      case 'reset-before':
        return toClient.at(openingBytes + marginBytes, cut('reset'))
      case 'reset-mid':
        return toClient.at(middle, cut('reset'))
      case 'truncate':
        return toClient.at(middle, cut('end'))
      case 'reset-after':
        return behindTheAnswer(connection, cut('reset'))
      default:
        return
    }
  }

  /** At the first byte behind the answer, or when there is none: the server has ended, or says nothing more. */
  function behindTheAnswer(connection: ProxyConnection, cut: () => void): void {
    const { toClient } = connection
    let silence: NodeJS.Timeout | undefined
    let done = false
    const once = () => {
      clearTimeout(silence)
      if (!done && connection.live) cut()
      done = true
    }
    const wholeAnswer = openingBytes + wireBytesOf(cell)
    toClient.at(wholeAnswer + marginBytes, once)
    connection.onServerEnd(() => toClient.at(toClient.bytesReceived, once))
    toClient.onBytes((forwarded) => {
      clearTimeout(silence)
      if (forwarded >= openingBytes + bytesOf[cell.size] && !done) silence = setTimeout(once, silenceMs)
    })
  }

  return {
    get port() {
      return proxy.port
    },
    get hurt() {
      return hurt
    },
    close: () => proxy.close(),
  }
}

/** How long the answer is on the wire, to within a few bytes. */
function wireBytesOf({ scheme, size }: Cell): number {
  const bytes = bytesOf[size] + marginBytes
  return scheme === 'ws' ? bytes : bytes + recordBytes * Math.ceil(bytes / recordPayloadBytes)
}
