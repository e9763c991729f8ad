import { RemoteError } from '@lastword/protocol'
import { expect, test } from 'vitest'
import type { TraceEvent } from '../src/index.ts'
import { later, pair } from './pair.ts'

async function traced(payloads: boolean): Promise<string> {
  const events: TraceEvent[] = []
  const trace = { onEvent: (event: TraceEvent) => events.push(event), payloads }
  const { client, server, platform, links } = await pair({ server: { trace } })
  server.session.handle('q', () => {
    throw new RemoteError('no-money', 'the card of Ada')
  })
  void later(client.session.request('q', 'the number', { meta: { who: 'the name' } }))
  await platform.settle()
  links[0].send('[{"t":"pong","k":1,"extra":"the extra"}]')
  await platform.settle()
  return JSON.stringify(events)
}

const words = ['the number', 'the name', 'the card of Ada']

test('a trace holds nothing that applications put into envelopes, unless it is asked to', async () => {
  const bare = await traced(false)
  for (const word of [...words, 'the extra']) expect(bare).not.toContain(word)
  expect(bare).toContain('no-money')
  expect(bare).toContain('"ch":"q"')
  const whole = await traced(true)
  for (const word of words) expect(whole).toContain(word)
})

test('each event names its session, its side and its link, and envelopes of one frame the same frame', async () => {
  const events: TraceEvent[] = []
  const trace = (event: TraceEvent) => events.push(event)
  const { client, server, platform } = await pair({ client: { trace }, server: { trace } })
  server.session.handle('q', () => {})
  void Promise.all([client.session.send('q', 1), client.session.send('q', 2)])
  await platform.settle()
  for (const event of events) expect(event).toMatchObject({ sid: client.session.id, link: 1 })
  for (const [side, dir] of [
    ['client', 'out'],
    ['server', 'in'],
  ]) {
    const messages = events.flatMap((event) =>
      event.type === 'envelope' && event.side === side && event.dir === dir && event.envelope.t === 'msg'
        ? [event.frame]
        : [],
    )
    expect(messages).toHaveLength(2)
    expect(messages[0]).toBe(messages[1])
    const others = events.filter(
      (event) => event.type === 'envelope' && event.side === side && event.dir !== dir,
    ) as Array<{ frame: number }>
    for (const { frame } of others) expect(frame).not.toBe(messages[0])
  }
})
