import { expect, test, vi } from 'vitest'
import type { MemoryLink } from './memory-link.ts'
import { pair } from './pair.ts'

const payload = { text: 'ä€😀'.repeat(10_000) }

/** Gives a link what Node's have. */
function takesPieces(link: MemoryLink): { pieces: number } {
  const seen = { pieces: 0 }
  Object.assign(link, {
    sendPieces({ before, text, after }: { before: string; text: Uint8Array; after: string }) {
      seen.pieces += 1
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
  expect(seen.pieces).toBe(1)
})

test('a link that takes texts alone gets a long one whole, there and back', async () => {
  const { client, server, platform } = await pair()
  server.session.handle('echo', (message) => message)
  const reply = client.session.request('echo', payload)
  await platform.settle()
  expect(await reply).toEqual(payload)
})
