import { startLastword } from '../stacks/lastword.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** lastword: over when both sides have handled everything and the connection has ended. */
export const commands = conversing(async ({ address, early = true }, onAnswer) => {
  const session = startLastword(address, { early })
  checkAnswer(await session.request('offer', offer))
  onAnswer()
  const report = await session.close()
  if (!report.clean) throw new Error(`the session did not end clean: ${report.code}`)
})
