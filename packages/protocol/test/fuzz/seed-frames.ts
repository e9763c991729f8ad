import conversationFile from '../../vectors/conversations.json' with { type: 'json' }
import invalidFrames from '../../vectors/frames-invalid.json' with { type: 'json' }
import validFrames from '../../vectors/frames-valid.json' with { type: 'json' }

/** A frame as JSON can hold it: a text frame, or the bytes of a binary one. */
export type FrameText = { text: string } | { hex: string }

interface VectorFrame {
  text?: string
  hex?: string
}

/** Frames of the vectors, right ones and wrong ones, from which mutations begin. Those that a file only describes are left out. */
export const seedFrames: readonly FrameText[] = [
  ...framesOf(validFrames as VectorFrame[]),
  ...framesOf(invalidFrames as VectorFrame[]),
  ...conversationFrames(),
]

export function framesOf(vectors: VectorFrame[]): FrameText[] {
  return vectors.flatMap(({ text, hex }): FrameText[] => {
    if (text !== undefined) return [{ text }]
    return hex === undefined ? [] : [{ hex }]
  })
}

function conversationFrames(): FrameText[] {
  const inputs = conversationFile.conversations.flatMap(({ steps }) => steps.flatMap((step) => step.inputs))
  return (inputs as Array<{ frame?: unknown }>).flatMap(({ frame }): FrameText[] =>
    Array.isArray(frame) ? [{ text: JSON.stringify(frame) }] : [],
  )
}
