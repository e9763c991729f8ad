import type { FrameRoom } from './frame-room.ts'
import type { TextInPieces } from './link.ts'
import { nextMaskingKey } from './masking-key.ts'

/**
 * Writes a whole text message as one WebSocket frame (RFC 6455, section 5.2) into `room`, and returns it.
 *
 * @param bytes how many the text takes as UTF-8
 * @param masked true on the side of the client, who must mask what it sends (section 5.3)
 */
export function textFrame(room: FrameRoom, text: string, bytes: number, masked: boolean): Buffer {
  room.memory.write(text, room.start, bytes, 'utf8')
  return framed(room, opcodeOfText, bytes, masked)
}

/** The same for a text of which the longest part is UTF-8 already. */
export function textFrameOfPieces(
  room: FrameRoom,
  { before, text, after }: TextInPieces,
  bytes: number,
  masked: boolean,
): Buffer {
  const { memory, start } = room
  const middle = start + memory.write(before, start, 'utf8')
  memory.set(text, middle)
  memory.write(after, middle + text.byteLength, 'utf8')
  return framed(room, opcodeOfText, bytes, masked)
}

/** The same for a binary message, whose bytes are copied. */
export function binaryFrame(room: FrameRoom, payload: Uint8Array, masked: boolean): Buffer {
  room.memory.set(payload, room.start)
  return framed(room, opcodeOfBinary, payload.byteLength, masked)
}

/** What stands in front of a binary message that is not masked, and too long to be copied behind its header. */
export function binaryFrameHeader(room: FrameRoom, payloadBytes: number): Buffer {
  const at = writeHeader(room.memory, room.start, opcodeOfBinary, payloadBytes, 0)
  return room.memory.subarray(at, room.start)
}

const opcodeOfText = 1
const opcodeOfBinary = 2
const finBit = 0x80
const maskBit = 0x80

function framed(room: FrameRoom, opcode: number, payloadBytes: number, masked: boolean): Buffer {
  const { memory, start } = room
  const end = start + payloadBytes
  if (!masked) return memory.subarray(writeHeader(memory, start, opcode, payloadBytes, 0), end)
  const key = nextMaskingKey()
  mask(room, payloadBytes, key)
  memory.writeInt32LE(key, start - 4)
  return memory.subarray(writeHeader(memory, start - 4, opcode, payloadBytes, maskBit), end)
}

/** Writes a frame's first bytes so that they end at `end`, and returns where they begin. */
function writeHeader(
  memory: Buffer,
  end: number,
  opcode: number,
  payloadBytes: number,
  flags: number,
): number {
  let at = end
  let length = payloadBytes
  if (payloadBytes > 65_535) {
    at -= 8
    memory.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), at)
    memory.writeUInt32BE(payloadBytes % 2 ** 32, at + 4)
    length = 127
  } else if (payloadBytes > 125) {
    at -= 2
    memory.writeUInt16BE(payloadBytes, at)
    length = 126
  }
  memory[at - 1] = flags | length
  memory[at - 2] = finBit | opcode
  return at - 2
}

/** Four bytes at a time, which takes a seventh of the time that one at a time takes (10 and 68 µs for 64 KiB). */
function mask({ memory, start, words }: FrameRoom, payloadBytes: number, key: number): void {
  const wholeWords = payloadBytes >> 2
  const inOrder = littleEndian ? key : swapped(key)
  for (let index = 0; index < wholeWords; index++) words[index] = (words[index] as number) ^ inOrder
  let shift = 0
  for (let at = start + wholeWords * 4; at < start + payloadBytes; at++, shift += 8) {
    memory[at] = (memory[at] as number) ^ (key >> shift)
  }
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
