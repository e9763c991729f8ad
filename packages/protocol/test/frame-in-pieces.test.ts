import { describe, expect, test } from 'vitest'
import type { Frame, FrameInPieces } from '../src/envelope.ts'
import { wholeFrame } from '../src/whole-frame.ts'
import { Pair } from './pair.ts'
import { frameBytes, readFrame } from './sim/endpoint.ts'

const text = JSON.stringify({ text: 'ä€😀'.repeat(3000) })
const utf8 = new TextEncoder().encode(text)

function connected(): Pair {
  const pair = new Pair()
  pair.connect(1)
  return pair
}

function pieces({ client }: Pair, link = 1): Array<Frame | FrameInPieces> {
  const frames: Array<Frame | FrameInPieces> = []
  const poll = () => client.machine.pollPiecesOf(link)
  for (let frame = poll(); frame !== undefined; frame = poll()) frames.push(frame)
  return frames
}

/** What is sent in several frames, with an acknowledgement in front: a long text among short ones, and a note behind it. */
function say(pair: Pair, long: string | Uint8Array): void {
  const { client, server } = pair
  server.send('theirs', { text: '1' })
  for (const frame of server.poll()) client.receive(1, frame)
  client.input({ type: 'handled', seq: 1 })
  client.send('before', { name: 'a', text: '1' })
  client.send('long', { name: 'b', text: long, ask: true, meta: { of: 'ü' } })
  client.send('behind', { name: 'c', text: '2' })
  client.input({ type: 'note', text: '{"t":"note"}', payload: undefined })
}

describe('a text that is kept as UTF-8', () => {
  test('is in frames that hold the same as if it was kept as a text, and count as much', () => {
    const kept = connected()
    say(kept, utf8)
    const frames = kept.client.poll()
    const asText = connected()
    say(asText, text)
    const envelopes = (all: Frame[]) => all.flatMap((frame) => readFrame(frame).envelopes)
    expect(envelopes(frames)).toEqual(
      expect.arrayContaining(envelopes(asText.client.poll()).filter(({ t }) => t !== 'note')),
    )
    expect(envelopes(frames).map(({ t }) => t)).toContain('note')
    const { machine } = kept.client
    expect(machine.inFlightBytes).toBe(asText.client.machine.inFlightBytes)
    expect(machine.retainedBytes).toBe(asText.client.machine.retainedBytes)
  })

  test('is handed out as it is kept, and no message stands behind it in its frame', () => {
    const pair = connected()
    say(pair, utf8)
    const frames = pieces(pair)
    const split = frames.filter((frame) => typeof frame === 'object' && 'text' in frame)
    expect(split).toHaveLength(1)
    expect((split[0] as FrameInPieces).text).toBe(utf8)
    const { envelopes } = readFrame(wholeFrame(split[0] as FrameInPieces))
    expect(envelopes.at(-1)).toEqual({ t: 'note' })
    expect(envelopes.at(-2)).toMatchObject({
      id: 'long',
      ch: 'b',
      ask: true,
      meta: { of: 'ü' },
      d: JSON.parse(text),
    })
  })

  test('holds no note up, however many others wait behind it', () => {
    const pair = connected()
    for (let n = 0; n < 5; n++) pair.client.send(`long${n}`, { text: utf8 })
    pair.client.input({ type: 'note', text: '{"t":"note","ch":"ü"}', payload: undefined })
    const before = pair.client.machine.counters.sent.bytes
    const [first, ...others] = pair.client.poll() as [Frame, ...Frame[]]
    expect(readFrame(first).envelopes.map(({ t }) => t)).toEqual(['msg', 'note'])
    expect(others).toHaveLength(4)
    const bytes = [first, ...others].reduce((sum, frame) => sum + frameBytes(frame), 0)
    expect(pair.client.machine.counters.sent.bytes - before).toBe(bytes)
  })

  test('is counted by the bytes of its frames', () => {
    const pair = connected()
    const before = pair.client.machine.counters.sent.bytes
    say(pair, utf8)
    const bytes = pair.client.poll().reduce((sum, frame) => sum + frameBytes(frame), 0)
    expect(pair.client.machine.counters.sent.bytes - before).toBe(bytes)
  })

  test('is sent again on the next link, and leaves whole on one that takes texts alone', () => {
    const pair = connected()
    pair.client.send('long', { text: utf8 })
    expect(pieces(pair)).toHaveLength(1)
    pair.cut(1)
    pair.connect(2)
    const [message] = pair.server.all('message')
    expect(message?.envelope.d).toEqual(JSON.parse(text))
  })

  test('stands in the last words of a page', () => {
    const { client } = connected()
    client.send('long', { text: utf8 })
    const frames = client.machine.lastWords({ link: 2, auth: undefined, bytesMax: 100_000 }, client.now)
    expect(frames.flatMap((frame) => readFrame(frame).envelopes)).toContainEqual(
      expect.objectContaining({ id: 'long', d: JSON.parse(text) }),
    )
  })

  test('is a text in the journal', () => {
    const { client } = new Pair({ journaled: true })
    client.send('long', { text: utf8 })
    expect(client.machine.takeJournalWrite()?.add[0]?.rest).toContain(text)
  })
})
