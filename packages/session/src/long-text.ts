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
  if (bytes < longTextBytes || Buffer === undefined) return text
  const memory =
    bytes <= roomBytes ? (free.pop() ?? Buffer.allocUnsafeSlow(roomBytes)) : Buffer.allocUnsafeSlow(bytes)
  memory.write(text)
  return memory.subarray(0, bytes)
}

/** Says that nobody will read it again. */
export function giveBackText(utf8: Uint8Array | undefined): void {
  if (Buffer === undefined || utf8?.buffer.byteLength !== roomBytes || free.length === freeMax) return
  free.push(Buffer.from(utf8.buffer))
}

const longTextBytes = 16 * 1024
/** A long text mostly has room in this; what is longer has memory of its own. */
const roomBytes = 128 * 1024
/** So many are kept, for the whole process: what one acknowledgement is mostly about. */
const freeMax = 16
const free: Utf8Memory[] = []
