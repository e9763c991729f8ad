import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { type FrameRoom, giveBack, takeRoom } from '../src/frame-room.ts'
import { nextMaskingKey } from '../src/masking-key.ts'
import { binaryFrame, binaryFrameHeader, textFrame, textFrameOfPieces } from '../src/ws-frame.ts'

const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: { isServer: boolean }) => NodeJS.WritableStream
}

/** What ws reads in a frame; it refuses one that is not masked as its sender must mask it. */
function readByWs(frame: Buffer, masked: boolean): Promise<{ data: Buffer; isBinary: boolean }> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: masked })
    receiver.on('message', (data: Buffer, isBinary: boolean) => resolve({ data, isBinary }))
    receiver.on('error', reject)
    receiver.write(frame)
  })
}

/** Where the form of a header changes, and where whole words end. */
const lengths = [0, 1, 2, 3, 4, 5, 7, 31, 125, 126, 127, 4080, 4096, 16_384, 65_535, 65_536, 131_056, 200_003]

describe.each([true, false])('masked: %s', (masked) => {
  test.each(lengths)('a text of %i bytes is what ws reads in its frame', async (length) => {
    const text = 'ä€😀x'.repeat(length / 10 + 1)
    const bytes = Buffer.from(text).subarray(0, length)
    const whole = bytes.toString('latin1').replace(/[^ -~]/g, '?')
    const { data, isBinary } = await readByWs(textFrame(takeRoom(length), whole, length, masked), masked)
    expect(isBinary).toBe(false)
    expect(data.toString()).toBe(whole)
  })

  test.each(lengths)('%i bytes are what ws reads in their frame', async (length) => {
    const payload = Uint8Array.from({ length }, (_, at) => at * 7)
    const { data, isBinary } = await readByWs(binaryFrame(takeRoom(length), payload, masked), masked)
    expect(isBinary).toBe(true)
    expect(data.equals(payload)).toBe(true)
  })

  test('characters of several bytes arrive', async () => {
    const text = 'ä€😀'.repeat(1000)
    const bytes = Buffer.byteLength(text)
    expect((await readByWs(textFrame(takeRoom(bytes), text, bytes, masked), masked)).data.toString()).toBe(
      text,
    )
  })
})

test('what is masked is not what is sent', () => {
  const payload = new Uint8Array(64)
  expect(binaryFrame(takeRoom(64), payload, true).subarray(6).equals(payload)).toBe(false)
  expect(payload.every((byte) => byte === 0)).toBe(true)
})

test('the header of bytes that follow it is what ws reads', async () => {
  const payload = Buffer.alloc(70_000, 'x')
  const frame = Buffer.concat([binaryFrameHeader(takeRoom(0), payload.length), payload])
  expect((await readByWs(frame, false)).data.equals(payload)).toBe(true)
})

test('no two of a hundred thousand masking keys in a row are the same, and more than one lot is drawn', () => {
  const keys = new Set(Array.from({ length: 100_000 }, nextMaskingKey))
  // Of so many numbers of 32 bits one in a few is expected to come twice.
  expect(keys.size).toBeGreaterThan(99_900)
})

describe('room for a frame', () => {
  const large = 16_384

  test.each([0, 64, 16_384, 131_056])('of %i bytes is used again once it was given back', (bytes) => {
    const room = takeRoom(bytes)
    expect(takeRoom(bytes) === room).toBe(false)
    giveBack(room)
    expect(takeRoom(bytes) === room).toBe(true)
  })

  test('is kept eight times for each size, and not more', () => {
    const rooms = Array.from({ length: 9 }, () => takeRoom(large))
    rooms.forEach(giveBack)
    const again = new Set(Array.from({ length: 9 }, () => takeRoom(large)))
    expect(rooms.filter((room) => again.has(room))).toHaveLength(8)
  })

  test.each([300, 1100, 5000, 17_000, 40_000, 66_000])(
    'of %i bytes takes less than twice that: what a peer does not take waits in it',
    (bytes) => {
      expect(takeRoom(bytes).memory.length).toBeLessThan(2 * bytes)
    },
  )

  test('of more than 128 KiB is not kept', () => {
    const room = takeRoom(131_057)
    giveBack(room)
    expect(takeRoom(131_057) === room).toBe(false)
  })

  test.each([0, 1, 1008, 1009, 32_752, 32_753, 131_056, 131_057])('holds %i bytes', (bytes) => {
    const { memory, start, words }: FrameRoom = takeRoom(bytes)
    expect(memory.length - start).toBeGreaterThanOrEqual(bytes)
    expect(words.length).toBeGreaterThanOrEqual(bytes >> 2)
    expect(words.byteOffset).toBe(memory.byteOffset + start)
  })
})

describe.each([true, false])('a text in pieces, masked: %s', (masked) => {
  test.each([0, 3, 60_000, 70_000])('around %i bytes is what ws reads in its frame', async (length) => {
    const pieces = { before: '["ä', text: Buffer.from('é'.repeat(length)), after: '€"]' }
    const whole = `${pieces.before}${'é'.repeat(length)}${pieces.after}`
    const bytes = Buffer.byteLength(whole)
    const { data, isBinary } = await readByWs(
      textFrameOfPieces(takeRoom(bytes), pieces, bytes, masked),
      masked,
    )
    expect(isBinary).toBe(false)
    expect(data.toString()).toBe(whole)
  })
})
