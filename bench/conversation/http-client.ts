import { once } from 'node:events'
import { request } from 'node:http'
import { request as requestOverTls } from 'node:https'
import { urlOf } from '../stacks/listen.ts'
import { conversing } from './conversing.ts'
import { checkAnswer, offer } from './offer.ts'

/** HTTP: a connection for each POST, over when it has ended. */
export const commands = conversing(async ({ address }, onAnswer) => {
  const options = { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } }
  const posting =
    address.ca === undefined
      ? request(urlOf(address, 'http'), options)
      : requestOverTls(urlOf(address, 'http'), { ...options, ca: address.ca })
  posting.setNoDelay(true)
  posting.end(JSON.stringify(offer))
  const closed = once(posting, 'close')
  const [response] = await once(posting, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  checkAnswer(JSON.parse(body))
  onAnswer()
  await closed
})
