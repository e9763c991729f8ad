import { bytesOf, type Size, uploadBytes, uploadChunkBytes } from './matrix.ts'

const answers = new Map<Size, Buffer>()
let chunk: Buffer | undefined

/** The answer of a size, the same in every round: made once, and compared byte by byte where it arrives. */
export function answerOf(size: Size): Buffer {
  let answer = answers.get(size)
  if (answer === undefined) {
    answer = Buffer.alloc(bytesOf[size])
    // No period that a frame or a record has, so that a piece in the wrong place shows.
    for (let at = 0; at < answer.length; at += 1) answer[at] = (at * 31 + (at >> 8) * 7) % 251
    answers.set(size, answer)
  }
  return answer
}

/** What the client uploads, in the order in which it goes. */
export function uploadChunks(): Buffer[] {
  chunk ??= Buffer.alloc(uploadChunkBytes, 'upload')
  return Array.from({ length: uploadBytes / uploadChunkBytes }, () => chunk as Buffer)
}
