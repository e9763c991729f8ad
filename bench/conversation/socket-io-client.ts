import { socketIo } from '../stacks/socket-io.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** Socket.IO: over when the client has closed its connection; it waits for no answer to that. */
export const commands = conversing(async ({ address, closer }, onAnswer) => {
  const socket = socketIo(address)
  socket.io.reconnection(false)
  await new Promise<void>((resolve, reject) => {
    socket.on('connect_error', reject)
    socket.io.engine.on('close', () => resolve())
    socket.emitWithAck('offer', offer).then((answer) => {
      checkAnswer(answer)
      onAnswer()
      if (closer === 'client') socket.disconnect()
    }, reject)
  })
})
