import fc from 'fast-check'
import type { FrameText } from './seed-frames.ts'

/** A change of a frame's bytes, or of a text frame's characters. Places are taken modulo its length. */
export type Edit =
  | { edit: 'flip'; at: number; bit: number }
  | { edit: 'cut'; at: number; count: number }
  | { edit: 'repeat'; at: number; count: number; times: number }
  | { edit: 'insert'; at: number; text: string }
  | { edit: 'end'; at: number }

/** Pieces that mean something to a parser of these frames. */
const pieces = [
  ...['[', ']', '{', '}', ',', ':', '"', '\\', '\\u0000', 'null', 'true', '-', '0', '1e9', '1e400', '.'],
  ...['9007199254740991', '9007199254740992', '"__proto__":1,', '"t":"msg",', '"t":"ack",', '"seq":1,'],
  ...['\u0000', '\ud800', '\ufeff', ' ', '\n', '[[', '{"t":"ping","k":1},', '"d":[[[[]]]],'],
]

const place = fc.nat({ max: 4_000 })
const few = fc.integer({ min: 1, max: 12 })

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ edit: fc.constant('flip' as const), at: place, bit: fc.nat({ max: 7 }) }),
  fc.record({ edit: fc.constant('cut' as const), at: place, count: few }),
  fc.record({ edit: fc.constant('repeat' as const), at: place, count: few, times: few }),
  fc.record({ edit: fc.constant('insert' as const), at: place, text: fc.constantFrom(...pieces) }),
  fc.record({ edit: fc.constant('end' as const), at: place }),
)

/** The frame with these changes. A text frame stays text: links deliver nothing that is not UTF-8 as text. */
export function edited(frame: FrameText, edits: readonly Edit[]): FrameText {
  if ('text' in frame) {
    // A changed bit of ASCII stays ASCII; lone surrogates are what no link would deliver.
    const text = edits.reduce(editText, frame.text).replace(/\p{Surrogate}/gu, '\ufffd')
    return { text }
  }
  const bytes = edits.reduce(editBytes, Buffer.from(frame.hex, 'hex'))
  return { hex: bytes.toString('hex') }
}

function editText(text: string, change: Edit): string {
  const at = text.length === 0 ? 0 : change.at % text.length
  const [before, after] = [text.slice(0, at), text.slice(at)]
  switch (change.edit) {
    case 'flip':
      return before + String.fromCharCode(after.charCodeAt(0) ^ (1 << change.bit) || 0) + after.slice(1)
    case 'cut':
      return before + after.slice(change.count)
    case 'repeat':
      return before + after.slice(0, change.count).repeat(change.times) + after
    case 'insert':
      return before + change.text + after
    case 'end':
      return before
  }
}

function editBytes(bytes: Buffer, change: Edit): Buffer {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (change.edit) {
    case 'flip': {
      const flipped = Buffer.from(bytes)
      if (flipped.length > 0) flipped[at] = (flipped[at] ?? 0) ^ (1 << change.bit)
      return flipped
    }
    case 'cut':
      return Buffer.concat([before, after.subarray(change.count)])
    case 'repeat':
      return Buffer.concat([
        before,
        ...Array<Buffer>(change.times).fill(after.subarray(0, change.count)),
        after,
      ])
    case 'insert':
      return Buffer.concat([before, Buffer.from(change.text), after])
    case 'end':
      return Buffer.from(before)
  }
}
