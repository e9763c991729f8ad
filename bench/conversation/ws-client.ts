import { once } from 'node:events'
import { openWs, parsed } from '../stacks/ws.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** Bare ws: over when both close frames have been seen and the connection has ended. */
export const commands = conversing(async ({ address, closer }, onAnswer) => {
  const socket = await openWs(address)
  const closed = once(socket, 'close')
  socket.send(JSON.stringify(offer))
  const [data, isBinary] = await once(socket, 'message')
  checkAnswer(parsed(data, isBinary))
  onAnswer()
  if (closer === 'client') socket.close(1000)
  const [code] = await closed
  if (code !== 1000) throw new Error(`ws closed with ${code}`)
})
