import { utf8Text } from './utf8.ts'

/** base64url without padding (RFC 4648, section 5), by table: `atob` and `Buffer` are not part of every platform. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Characters that `bytes` bytes take. */
export function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}

export function toBase64url(bytes: Uint8Array): string {
  // A text to which one character after another is added takes 32 bytes for each of them, and has to be put together
  // by whoever writes it: that was a quarter of all that a connecting client allocated.
  const units = new Uint8Array(base64urlLength(bytes.length))
  let written = 0
  let bits = 0
  let bitCount = 0
  for (let i = 0; i < bytes.length; i++) {
    bits = (bits << 8) | (bytes[i] as number)
    for (bitCount += 8; bitCount >= 6; ) {
      bitCount -= 6
      units[written++] = alphabet.charCodeAt((bits >>> bitCount) & 63)
    }
    bits &= (1 << bitCount) - 1
  }
  if (bitCount > 0) units[written] = alphabet.charCodeAt((bits << (6 - bitCount)) & 63)
  return utf8Text(units) as string
}

/**
 * The bytes that `text` stands for; undefined if `toBase64url` could not have written it: a character outside
 * the alphabet, padding, an impossible length, or set bits behind the last byte.
 */
export function fromBase64url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let written = 0
  let bits = 0
  let bitCount = 0
  for (let i = 0; i < text.length; i++) {
    const value = sextetOf(text.charCodeAt(i))
    if (value < 0) return undefined
    bits = (bits << 6) | value
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    bytes[written++] = bits >>> bitCount
    bits &= (1 << bitCount) - 1
  }
  return bits === 0 ? bytes : undefined
}

function sextetOf(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52
  if (unit === 0x2d) return 62
  return unit === 0x5f ? 63 : -1
}
