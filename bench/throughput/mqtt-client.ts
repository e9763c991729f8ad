import { connectAsync, type MqttClient } from 'mqtt'
import { type Address, urlOf } from '../stacks/listen.ts'
import { wsOptions } from '../stacks/ws.ts'
import { slide } from './slide.ts'
import type { Sent, Work } from './work.ts'

let client: MqttClient

export const commands = {
  async connect(address: Address): Promise<void> {
    client = await connectAsync(urlOf(address), {
      wsOptions: { ...wsOptions, ...(address.ca === undefined ? {} : { ca: address.ca }) },
    })
  },
  send: (work: Work): Promise<Sent> =>
    slide(work, (message) =>
      message instanceof Uint8Array
        ? client.publishAsync('bytes', message as Buffer, { qos: 1 })
        : client.publishAsync('json', JSON.stringify(message), { qos: 1 }),
    ),
}
