import type { Frame, FrameInPieces } from './envelope.ts'
import { utf8Text } from './utf8.ts'

/** A frame as every link takes it. */
export function wholeFrame(frame: Frame | FrameInPieces): Frame {
  if (typeof frame === 'string' || frame instanceof Uint8Array) return frame
  return `${frame.before}${utf8Text(frame.text)}${frame.after}`
}
