import type { Socket } from 'node:net'
import type { ConnectOptions } from '@lastword/sdk'
import { createNodeLink } from '@lastword/transport'
import { WebSocket } from 'ws'
import { type Condition, stillMs } from '../matrix.ts'

/**
 * Makes the session's first connection do what a bare client does to its own in this condition: pause its socket, or
 * half-close it, as soon as it is open, for the request travels with the upgrade. Later connections are left alone.
 * In the other conditions the SDK makes its own connections.
 */
export function hurtingLinks(condition: Condition, ca: string): Pick<ConnectOptions, 'openLink'> {
  if (condition !== 'paused' && condition !== 'half-close-client') return {}
  let first = true
  return {
    openLink(url, options) {
      const { frameBytesMax, protocols } = options
      const socket = new WebSocket(url, protocols, {
        ca,
        perMessageDeflate: false,
        ...(frameBytesMax === undefined ? {} : { maxPayload: frameBytesMax }),
      })
      const link = createNodeLink(socket, options)
      if (first) hurt(socket, condition)
      first = false
      return link
    },
  }
}

function hurt(socket: WebSocket, condition: Condition): void {
  let rawSocket: Socket | undefined
  socket.on('upgrade', (response) => {
    rawSocket = response.socket
  })
  socket.on('open', () => {
    if (condition === 'half-close-client') rawSocket?.end()
    else {
      socket.pause()
      setTimeout(() => socket.resume(), stillMs)
    }
  })
}
