/**
 * How many bytes `text` takes as UTF-8. A lone surrogate counts 3, because `TextEncoder` and WebSockets write
 * U+FFFD in its place.
 */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    // A surrogate pair is 4 bytes in all: 2 for its units and the 2 just added. Its second half adds nothing.
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) i++
  }
  return bytes
}

/** Also takes the NaN that `charCodeAt` gives behind the end of a string. */
function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

const fatalDecoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text that `bytes` spell; undefined if they are not UTF-8. A byte order mark stays where it is. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return fatalDecoder.decode(bytes)
  } catch {
    return undefined
  }
}
