import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Client } from './session-client.ts'

/** A WebSocket and nothing else. It cannot be resumed. */
export function bareClient(url: string, ca: string): Client {
  let socket: WebSocket | undefined
  let over: Promise<void> | undefined
  return {
    async open() {
      const opening = new WebSocket(url, { ca, perMessageDeflate: false })
      socket = opening
      over = new Promise((resolve) => opening.on('close', () => resolve()))
      await once(opening, 'open')
      opening.on('error', () => {})
      const echo = once(opening, 'message')
      opening.send('one')
      await echo
    },
    async notice() {
      await over
    },
    async resume() {},
    async close() {
      socket?.terminate()
    },
  }
}
