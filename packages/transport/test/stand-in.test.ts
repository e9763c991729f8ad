import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { createNodeLink } from '../src/node.ts'
import type { WsSocket } from '../src/ws-socket.ts'

/** What some runtimes have in place of ws: it shows no connection, and takes a text for a text and bytes for bytes. */
function standIn(): { socket: WsSocket; sent: unknown[] } {
  const sent: unknown[] = []
  const socket = Object.assign(new EventEmitter(), {
    ...{ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3, readyState: 1 },
    ...{ protocol: '', extensions: '', bufferedAmount: 0, isPaused: false },
    send(data: unknown, _options: unknown, callback: () => void) {
      sent.push(data)
      queueMicrotask(callback)
    },
  })
  return { socket: socket as unknown as WsSocket, sent }
}

test('over what stands in for ws a text leaves as a text, in pieces or not, and bytes as bytes', () => {
  const { socket, sent } = standIn()
  const link = createNodeLink(socket)
  const bytes = Uint8Array.of(1, 2, 3)
  link.send('whole', true)
  link.sendPieces?.({ before: '["ä', text: Buffer.from('€'.repeat(3)), after: '"]' }, true)
  link.send(bytes, true)
  expect(sent).toEqual(['whole', '["ä€€€"]', bytes])
})
