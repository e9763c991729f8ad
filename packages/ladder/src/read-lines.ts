/** A line of a file, without its end, or that it was too long to be one. */
export type FileLine = { number: number; text: string } | { number: number; tooLong: true }

/**
 * Splits bytes into lines, and holds no more of them than one line of `lineBytesMax`: what is longer is passed over.
 * Empty lines count, and are not given out.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax = lineBytesDefault,
): AsyncIterable<FileLine> {
  const decoder = new TextDecoder()
  let number = 0
  let parts: Uint8Array[] = []
  let length = 0

  function take(): FileLine | undefined {
    number++
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
    const tooLong = length > lineBytesMax
    parts = []
    length = 0
    if (tooLong) return { number, tooLong }
    const text = decoder.decode(bytes).replace(/\r$/, '')
    return text.trim() === '' ? undefined : { number, text }
  }

  function add(part: Uint8Array): void {
    length += part.length
    if (length > lineBytesMax) parts = []
    else parts.push(part)
  }

  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      const line = take()
      if (line !== undefined) yield line
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  if (length > 0) {
    const line = take()
    if (line !== undefined) yield line
  }
}

const newline = 0x0a
/** A line holds one envelope; the largest message that a server takes by default is 1 MiB. */
const lineBytesDefault = 64 * 1024 * 1024
