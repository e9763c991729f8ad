import { describe, expect, test, vi } from 'vitest'
import { keptText } from '../src/long-text.ts'
import type { MemoryLink } from './memory-link.ts'
import { later, pair } from './pair.ts'

const payload = { text: 'ä€😀'.repeat(10_000) }

/** Gives a link what Node's have. Collects the memory of the texts that it is given. */
function takesPieces(link: MemoryLink): { memory: ArrayBufferLike[] } {
  const seen: { memory: ArrayBufferLike[] } = { memory: [] }
  Object.assign(link, {
    sendPieces({ before, text, after }: { before: string; text: Uint8Array; after: string }) {
      seen.memory.push(text.buffer)
      link.send(before + Buffer.from(text).toString() + after)
    },
  })
  return seen
}

test('a long text is serialised once, and goes in pieces to a link that takes them', async () => {
  const { client, server, links, platform } = await pair()
  const taken: unknown[] = []
  server.session.handle('take', (message) => void taken.push(message))
  const seen = takesPieces(links[0])
  const decode = vi.spyOn(TextDecoder.prototype, 'decode')
  const handled = client.session.send('take', payload)
  await platform.settle()
  expect(decode).not.toHaveBeenCalled()
  vi.restoreAllMocks()
  await handled
  expect(taken).toEqual([payload])
  expect(seen.memory).toHaveLength(1)
})

test('a link that takes texts alone gets a long one whole, there and back', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('echo', (message) => message)
  const reply = client.session.request('echo', payload)
  await platform.settle()
  expect(await reply).toEqual(payload)
})

describe('the memory of a long text', () => {
  test('is used again once its message is handled, and not before', async () => {
    const { client, server, links, platform } = await pair()
    const waiting: Array<() => void> = []
    server.session.handle('wait', () => new Promise<void>((resolve) => waiting.push(resolve)))
    const { memory } = takesPieces(links[0])
    const first = client.session.send('wait', payload)
    await platform.settle()
    const second = client.session.send('wait', payload)
    await platform.settle()
    expect(memory[1] === memory[0]).toBe(false)
    waiting[0]?.()
    await platform.settle()
    await first
    const third = client.session.send('wait', payload)
    await platform.settle()
    expect(memory[2] === memory[0]).toBe(true)
    for (const resolve of waiting) resolve()
    await platform.settle()
    await Promise.all([second, third])
  })

  test('is not, if nobody knows whether it was handled', async () => {
    const made = await pair()
    const { memory } = takesPieces(made.links[0])
    const lost = later(made.client.session.send('nobody', payload))
    await made.platform.settle()
    made.client.session.abort()
    await made.platform.settle()
    await expect(lost).rejects.toThrow()
    const next = await pair()
    const seen = takesPieces(next.links[0])
    for (let n = 0; n < 20; n++) void later(next.client.session.send('nobody', payload))
    await next.platform.settle()
    expect(memory).toHaveLength(1)
    expect(seen.memory).toHaveLength(20)
    expect(seen.memory.some((one) => one === memory[0])).toBe(false)
  })

  test('holds what was said although others come and go, and a link is lost meanwhile', async () => {
    const made = await pair()
    const taken: number[] = []
    made.server.session.handle('take', ({ n, text }: { n: number; text: string }) => {
      expect(text).toBe(textOf(n))
      taken.push(n)
    })
    takesPieces(made.links[0])
    const sent: Promise<void>[] = []
    for (let n = 0; n < 60; n++) {
      sent.push(made.client.session.send('take', { n, text: textOf(n) }))
      if (n % 4 === 0) await made.platform.settle()
      if (n === 30) {
        await made.lose()
        await made.link()
        takesPieces(made.links[0])
      }
    }
    await made.platform.settle()
    await Promise.all(sent)
    expect(taken).toEqual(Array.from({ length: 60 }, (_, n) => n))
  })
})

/** Of 16 KiB up to some more than what memory that is used again has room for. */
function textOf(n: number): string {
  return String.fromCharCode(65 + n).repeat(16_000 + n * 2100)
}

test('a long text takes less than twice the memory that it needs', () => {
  for (const bytes of [16_384, 20_000, 33_000, 65_538, 131_072, 200_000]) {
    const kept = keptText('x'.repeat(bytes), bytes) as Uint8Array
    expect(kept).toHaveLength(bytes)
    expect(kept.buffer.byteLength).toBeLessThanOrEqual(2 * bytes)
  }
})
