/** Sizes of the messages, in bytes, one after the other, and again from the first. Every third one is binary. */
const sizes = [48, 1_000, 65_536, 300_000, 4_000, 150_000, 700_000, 16, 20_000]

export type Chunk = { number: number; filling: string } | Uint8Array

/** The message with this number. */
export function chunkOf(number: number): Chunk {
  const size = sizeOf(number)
  if (number % 3 !== 2) return { number, filling: letterOf(number).repeat(size) }
  const bytes = new Uint8Array(size).fill(number % 251)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

export function sizeOf(number: number): number {
  return sizes[number % sizes.length] as number
}

/** How many messages make up at least so many bytes. */
export function countOf(bytes: number): number {
  const round = sizes.reduce((sum, size) => sum + size, 0)
  return Math.ceil(bytes / round) * sizes.length
}

/** Throws if this is not the message with that number, whole. */
export function checkChunk(chunk: unknown, number: number): void {
  const size = sizeOf(number)
  if (chunk instanceof Uint8Array) {
    const named = new DataView(chunk.buffer, chunk.byteOffset).getUint32(0)
    if (named === number && chunk.length === size && chunk[size - 1] === number % 251) return
    throw new Error(`message ${number} came as binary ${named} with ${chunk.length} bytes`)
  }
  const { number: named, filling } = chunk as Exclude<Chunk, Uint8Array>
  if (named === number && filling.length === size && filling[size - 1] === letterOf(number)) return
  throw new Error(`message ${number} came as ${named} with ${filling.length} characters`)
}

function letterOf(number: number): string {
  return String.fromCharCode(97 + (number % 26))
}
