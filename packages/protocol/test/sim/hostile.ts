import type { Frame } from '../../src/envelope.ts'
import type { EndEvents, Network } from './network.ts'
import type { Random } from './random.ts'

/** A frame that no honest side sends, and that every receiver can tell. */
export function garbage(random: Random): Frame {
  return random.pick<Frame>([
    '',
    'x',
    '{}',
    '[]',
    '[1]',
    '[{"t":"msg"}]',
    '[{"t":"gossip"}]',
    '[{"t":"ack","n":900000}]',
    '[{"t":"ack","n":0,"also":[[900000,900001]]}]',
    '[{"t":"msg","seq":900000,"id":"gap"}]',
    '[{"t":"fin","seq":900000}]',
    '[{"t":"ping","k":1},{"t":"msg","seq":0,"id":"zero"}]',
    `[{"t":"note","d":${'['.repeat(80)}${']'.repeat(80)}}]`,
    `[${'{"t":"pong","k":1},'.repeat(3_000)}{"t":"pong","k":1}]`,
    `[{"t":"hello","v":1,"sid":"${'s'.repeat(20)}","key":"${'k'.repeat(20)}","link":99,"fresh":false,"got":0,"window":{"messages":1,"bytes":65536}}]`,
    new Uint8Array([1, 2]),
    new Uint8Array([0, 0, 0, 2, 123, 125]),
    new Uint8Array([255, 255, 255, 255, 0]),
  ])
}

/** Somebody else comes to the server, who may have heard of the session but does not have its key. */
export function visit(network: Network, random: Random, sid: string): void {
  const window = { messages: 10, bytes: 65_536 }
  const hello = {
    t: 'hello',
    v: 1,
    sid,
    key: `guess-${'k'.repeat(20)}`,
    link: 1_000,
    fresh: random.chance(0.5),
    got: 0,
    window,
  }
  const first: Frame = random.chance(0.5) ? `[${JSON.stringify(hello)},{"t":"fin","seq":1}]` : garbage(random)
  const nothing = () => {}
  const events: EndEvents = {
    onOpen: () => connection.clientEnd.send(first),
    onFrame: nothing,
    onDrain: nothing,
    onEnd: nothing,
  }
  const connection = network.connect(events, undefined)
}
