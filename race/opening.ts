import { createProxy } from '@lastword/testkit'
import type { ClientChild } from './lane.ts'
import { type Scheme, schemes } from './matrix.ts'
import type { FromClient, Ports } from './messages.ts'
import { type StackId, stacks } from './stacks.ts'

/** What a server says until a connection is open, in bytes: its part of the TLS handshake, and of the upgrade. */
export type OpeningBytes = Record<Scheme, Record<StackId, number>>

const probeMs = 10_000

/**
 * Measures it with a connection of each kind. It varies by a few bytes, with the length of a signature; the cuts that
 * are made by it have room for that.
 */
export async function probeOpening(client: ClientChild, ports: Ports, ca: string): Promise<OpeningBytes> {
  const bytes: OpeningBytes = {
    ws: { bare: 0, pong: 0, lastword: 0 },
    wss: { bare: 0, pong: 0, lastword: 0 },
  }
  for (const scheme of schemes) {
    for (const stack of stacks) {
      let forwarded = 0
      const proxy = await createProxy({
        targetPort: ports[scheme],
        onConnection({ toClient }) {
          toClient.onBytes((total) => {
            forwarded = total
          })
        },
      })
      const protocols = stack === 'lastword' ? ['lastword.1'] : []
      client.send({
        type: 'probe',
        url: `${scheme}://127.0.0.1:${proxy.port}/?stack=${stack}`,
        ca,
        protocols,
      })
      const message = await client.next(isProbed, probeMs, 'a connection to be measured')
      if (message.type === 'failed') throw new Error(`a connection was not made: ${message.message}`)
      bytes[scheme][stack] = forwarded
      client.send({ type: 'probed' })
      await proxy.close()
    }
  }
  return bytes
}

function isProbed(message: FromClient): message is Extract<FromClient, { type: 'opened' | 'failed' }> {
  return message.type === 'opened' || message.type === 'failed'
}
