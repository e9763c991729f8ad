import type { CloseCodeName } from './codes.ts'
import { limits } from './limits.ts'

/**
 * What the peer did wrong on a link, as a value: the close code to end the link with, and a sentence for the
 * close frame's reason. The sentence is ASCII and never repeats a secret or a payload, for both ends log it.
 */
export class PeerFault extends Error {
  /** Name of the close code to end the link with. */
  readonly code: CloseCodeName

  /** @param message - cut to `limits.reasonCharsMax`, so that it always fits into a close frame */
  constructor(code: CloseCodeName, message: string) {
    super(message.slice(0, limits.reasonCharsMax))
    this.name = 'PeerFault'
    this.code = code
  }
}
