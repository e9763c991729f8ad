import { createServer, listenOn } from '../stacks/listen.ts'
import { neverKnows, type Serving } from './conversing.ts'
import { answerTo } from './offer.ts'

/** HTTP: a POST with JSON, answered with JSON. The connection ends behind the answer. */
export const commands = {
  ...neverKnows,
  async listen({ tls }: Serving) {
    const server = createServer(tls)
    server.keepAliveTimeout = 1
    server.on('request', async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      response.setHeader('content-type', 'application/json').setHeader('connection', 'close')
      response.end(JSON.stringify(answerTo(JSON.parse(body))))
    })
    return listenOn(server, tls)
  },
}
