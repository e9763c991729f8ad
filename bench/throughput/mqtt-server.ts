import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { createServer, listenOn, type Tls } from '../stacks/listen.ts'
import { wsOptions } from '../stacks/ws.ts'
import { receiving, take } from './receiver.ts'

/** An MQTT broker: what is published at QoS 1 is acknowledged when the broker has given it to its subscribers. */
export const commands = {
  ...receiving,
  async listen(tls: Tls) {
    const broker = await Aedes.createBroker()
    broker.subscribe(
      'json',
      ({ payload }, done) => {
        take(JSON.parse(String(payload)))
        done()
      },
      () => {},
    )
    broker.subscribe(
      'bytes',
      ({ payload }, done) => {
        take(payload)
        done()
      },
      () => {},
    )
    const server = createServer(tls)
    new WebSocketServer({ server, ...wsOptions }).on('connection', (socket, request) => {
      broker.handle(createWebSocketStream(socket), request)
    })
    return listenOn(server, tls)
  },
}
