/**
 * Memory for one frame on its way out: room for its header, and behind that the payload. It is used again, since new
 * memory for each frame costs more than to fill it, and V8 collects all garbage each time that some megabytes of it
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
  for (const { size, free } of shelves) {
    if (bytes <= size) return free.pop() ?? roomIn(Buffer.allocUnsafeSlow(size))
  }
  return roomIn(Buffer.allocUnsafeSlow(bytes))
}

/** Says that nobody reads what is in it any more. */
export function giveBack(room: FrameRoom): void {
  for (const { size, free } of shelves) {
    if (room.memory.length === size && free.length < freeMax) free.push(room)
  }
}

function roomIn(memory: Buffer): FrameRoom {
  const at = memory.byteOffset + headerBytesMax
  const words = new Int32Array(memory.buffer, at, (memory.length - headerBytesMax) >> 2)
  return { memory, start: headerBytesMax, words }
}

/** A header has up to 14 bytes. What follows is aligned for `words`. */
const headerBytesMax = 16
/** So many of each size are kept, for the whole process: a link holds few at a time, for it is busy then. */
const freeMax = 8
/**
 * From a small message to a large one, each twice as large as the one before: what a peer does not take waits in such memory, and
 * must not hold many times what it is.
 */
const shelves = Array.from({ length: 10 }, (_, doublings) => ({
  size: 256 * 2 ** doublings,
  free: [] as FrameRoom[],
}))
