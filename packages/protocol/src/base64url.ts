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
  const whole = bytes.length - (bytes.length % 3)
  let written = 0
  for (let i = 0; i < whole; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    units[written++] = unitOf[group >>> 18] as number
    units[written++] = unitOf[(group >>> 12) & 63] as number
    units[written++] = unitOf[(group >>> 6) & 63] as number
    units[written++] = unitOf[group & 63] as number
  }
  if (whole < bytes.length) {
    // One byte takes two characters, two take three: what there is no room for is not written.
    const rest = ((bytes[whole] as number) << 8) | (bytes[whole + 1] ?? 0)
    units[written++] = unitOf[rest >>> 10] as number
    units[written++] = unitOf[(rest >>> 4) & 63] as number
    units[written++] = unitOf[(rest << 2) & 63] as number
  }
  return utf8Text(units) as string
}

/**
 * The bytes that `text` stands for; undefined if `toBase64url` could not have written it: a character outside
 * the alphabet, padding, an impossible length, or set bits behind the last byte.
 */
export function fromBase64url(text: string): Uint8Array | undefined {
  const restChars = text.length % 4
  if (restChars === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  const whole = text.length - restChars
  let written = 0
  // Below zero as soon as there was a character of no value.
  let seen = 0
  for (let i = 0; i < whole; i += 4) {
    const group =
      (sextetAt(text, i) << 18) |
      (sextetAt(text, i + 1) << 12) |
      (sextetAt(text, i + 2) << 6) |
      sextetAt(text, i + 3)
    seen |= group
    bytes[written++] = group >>> 16
    bytes[written++] = group >>> 8
    bytes[written++] = group
  }
  if (restChars > 0) {
    const third = restChars === 3 ? sextetAt(text, whole + 2) : 0
    const group = (sextetAt(text, whole) << 12) | (sextetAt(text, whole + 1) << 6) | third
    seen |= group
    // Two characters are one byte and four bits more, three are two bytes and two bits: these must not be set.
    if ((group & (restChars === 3 ? 3 : 1023)) !== 0) return undefined
    bytes[written++] = group >>> 10
    if (restChars === 3) bytes[written] = group >>> 2
  }
  return seen < 0 ? undefined : bytes
}

/** The value of a character, below zero if it has none. */
function sextetAt(text: string, index: number): number {
  const unit = text.charCodeAt(index)
  return unit < sextetOf.length ? (sextetOf[unit] as number) : -1
}

/** The character of each value, as its code. */
const unitOf = /* @__PURE__ */ Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
/** The value of each character, by its code; -1 for those that stand for nothing. */
const sextetOf = /* @__PURE__ */ Int8Array.from({ length: 128 }, (_, unit) =>
  alphabet.indexOf(String.fromCharCode(unit)),
)
