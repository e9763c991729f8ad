import { once } from 'node:events'
import type { WebSocket } from 'ws'
import { socketIo } from '../stacks/socket-io.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** Socket.IO: over when its connection has ended, which it does not wait for by itself. */
export const commands = conversing(async ({ address, closer }, onAnswer) => {
  const socket = socketIo(address)
  socket.io.reconnection(false)
  const failed = new Promise<never>((_, reject) => socket.on('connect_error', reject))
  const connected = new Promise<void>((resolve) => socket.on('connect', resolve))
  const answer = socket.emitWithAck('offer', offer)
  await Promise.race([connected, failed])
  const { ws } = socket.io.engine.transport as unknown as { ws: WebSocket }
  const closed = once(ws, 'close')
  checkAnswer(await answer)
  onAnswer()
  if (closer === 'client') socket.disconnect()
  await closed
})
