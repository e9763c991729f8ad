import { expect, test } from 'vitest'
import type { Frame } from '../src/envelope.ts'
import { Pair } from './pair.ts'
import { frameBytes, readFrame } from './sim/endpoint.ts'

const goal = 16 * 1024

function connected(): Pair {
  const pair = new Pair({ frameBytesGoal: goal })
  pair.connect(1)
  return pair
}

function idsIn(frames: Frame[]): string[] {
  const envelopes = frames.flatMap((frame) => readFrame(frame).envelopes)
  return envelopes.flatMap((envelope) => (envelope.t === 'msg' ? [envelope.id] : []))
}

test('frames are filled up to the goal, and a message that is longer goes alone', () => {
  const { client } = connected()
  const sizes = [6_000, 6_000, 6_000, 20_000, 6_000]
  for (const [n, size] of sizes.entries()) client.send(`m${n}`, { text: `"${'x'.repeat(size)}"` })
  const frames = client.poll()
  expect(frames.map((frame) => idsIn([frame]))).toEqual([['m0', 'm1'], ['m2'], ['m3'], ['m4']])
})

test('the goal keeps nothing back that a one-shot link has room for', () => {
  const { client } = connected()
  const sizes = [100, 20_000, 25_000, 100]
  for (const [n, size] of sizes.entries()) client.send(`m${n}`, { text: `"${'x'.repeat(size)}"` })
  const frames = client.machine.lastWords({ link: 2, auth: undefined, bytesMax: 60_000 }, client.now)
  expect(idsIn(frames)).toEqual(['m0', 'm1', 'm2', 'm3'])
  expect(frames.reduce((sum, frame) => sum + frameBytes(frame), 0)).toBeLessThanOrEqual(60_000)
})
