import { expect, test } from 'vitest'
import { type FileLine, readLines } from '../src/read-lines.ts'

async function read(chunks: Uint8Array[], lineBytesMax?: number): Promise<FileLine[]> {
  async function* stream() {
    yield* chunks
  }
  const lines: FileLine[] = []
  for await (const line of readLines(stream(), lineBytesMax)) lines.push(line)
  return lines
}

test('lines are the same however the file comes in pieces', async () => {
  const bytes = new TextEncoder().encode('\ufeff{"é":1}\r\n\n  \n"🎉"\nlast')
  const expected = [
    { number: 1, text: '{"é":1}' },
    { number: 4, text: '"🎉"' },
    { number: 5, text: 'last' },
  ]
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = []
    for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.slice(start, start + size))
    expect(await read(chunks)).toEqual(expected)
  }
})

test('a line that is too long is passed over by its number, and the next one is read', async () => {
  const chunks = ['0123', '456789', '0\nok\n', '01234567890'].map((text) => new TextEncoder().encode(text))
  expect(await read(chunks, 10)).toEqual([
    { number: 1, tooLong: true },
    { number: 2, text: 'ok' },
    { number: 3, tooLong: true },
  ])
})
