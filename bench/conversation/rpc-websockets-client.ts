import { openRpc } from '../stacks/rpc-websockets.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** rpc-websockets: over when the connection has ended. */
export const commands = conversing(async ({ address }, onAnswer) => {
  const client = await openRpc(address)
  client.setAutoReconnect(false)
  const closed = new Promise<void>((resolve) => {
    client.on('close', () => resolve())
  })
  checkAnswer(await client.call('offer', offer))
  onAnswer()
  client.close(1000)
  await closed
})
