import type { CloseCodeName } from '../codes.ts'

/** What the server did wrong on a link: the close code to end it with. The message goes into the close frame, and repeats nothing that came. */
export class Fault extends Error {
  constructor(
    readonly code: CloseCodeName,
    message: string,
  ) {
    super(message)
  }
}
