/**
 * Memory for one frame on its way out: room for its header, and behind that the payload. Large ones are used again, since
 * new memory for each frame costs more than to fill it, and V8 collects all garbage each time that some megabytes of it
 * have come and gone.
 */
export interface FrameRoom {
  readonly memory: Buffer
  /** Where the payload begins. */
  readonly start: number
  /** The payload, four bytes at a time, and whatever room there is behind it. */
  readonly words: Int32Array
}

/** Room for a payload of so many bytes. */
export function takeRoom(payloadBytes: number): FrameRoom {
  const bytes = headerBytesMax + payloadBytes
  const size = sizes.find((size) => bytes <= size)
  if (bytes < sharedBytesMax || size === undefined) return roomIn(Buffer.allocUnsafe(bytes))
  return free.get(size)?.pop() ?? roomIn(Buffer.allocUnsafeSlow(size))
}

/** Says that nobody reads what is in it any more. */
export function giveBack(room: FrameRoom): void {
  const rooms = free.get(room.memory.length)
  if (rooms !== undefined && rooms.length < freeMax) rooms.push(room)
}

function roomIn(memory: Buffer): FrameRoom {
  const at = memory.byteOffset + headerBytesMax
  // Node aligns buffers at 8 bytes.
  const words = new Int32Array(memory.buffer, at, (memory.length - headerBytesMax) >> 2)
  return { memory, start: headerBytesMax, words }
}

/** A header has up to 14 bytes. What follows is aligned for `words`. */
const headerBytesMax = 16
/** Node takes less from memory that it shares among buffers. */
const sharedBytesMax = 4 * 1024
/** A frame of many messages, and one of a large message. */
const sizes = [32 * 1024, 128 * 1024]
/** So many of each size are kept, for the whole process: a link holds few at a time, for it is busy then. */
const freeMax = 8
const free = new Map<number, FrameRoom[]>(sizes.map((size) => [size, []]))
