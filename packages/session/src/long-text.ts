import { nodeLike } from './node-like.ts'

/** Node, Bun and Deno have it; browsers do not. */
const { Buffer } = globalThis as {
  Buffer?: { allocUnsafeSlow(bytes: number): Utf8Memory; from(memory: ArrayBufferLike): Utf8Memory }
}

interface Utf8Memory extends Uint8Array {
  write(text: string): number
}

/**
 * A long text as the UTF-8 that is sent, to be kept until its message is acknowledged; the text as it is if it is not long,
 * or where links take texts alone.
 *
 * An engine copies what it keeps of texts about: 64 KiB that wait for an acknowledgement outlive two of its collections
 * of what is young. And the memory is used again, for new memory costs more than to fill it.
 *
 * @param bytes how many `text` takes as UTF-8
 */
export function keptText(text: string, bytes: number): string | Uint8Array {
  if (bytes < longTextBytes || !nodeLike || Buffer === undefined) return text
  const shelf = shelves.find(({ size }) => bytes <= size)
  const memory = shelf?.free.pop() ?? Buffer.allocUnsafeSlow(shelf?.size ?? bytes)
  memory.write(text)
  return memory.subarray(0, bytes)
}

/** Says that nobody will read it again. */
export function giveBackText(utf8: Uint8Array | undefined): void {
  if (Buffer === undefined || utf8 === undefined) return
  const { buffer } = utf8
  const shelf = shelves.find(({ size }) => size === buffer.byteLength)
  if (shelf !== undefined && shelf.free.length < freeMax) shelf.free.push(Buffer.from(buffer))
}

const longTextBytes = 16 * 1024
/** So many of each size are kept, for the whole process: what one acknowledgement is mostly about. */
const freeMax = 16
/** Each twice as large as the one before: no text takes twice the memory that it needs. What is longer has memory of its own. */
const shelves = [32, 64, 128].map((kib) => ({ size: kib * 1024, free: [] as Utf8Memory[] }))
