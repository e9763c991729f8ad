import type { CloseCodeName } from '../codes.ts'

/** The close codes from 4400 on, in their order. A test compares them with `codes.ts`. */
const names =
  'frameMalformed,envelopeUnknown,envelopeUnexpected,helloExpected,helloTimeout,sequenceGap,sequenceRepeated,ackInvalid,keepaliveTimeout,superseded,reset,,,frameTooLarge,frameTooDeep'.split(
    ',',
  )

/** What the server did wrong on a link: the close code to end it with. */
export class Fault extends Error {
  constructor(
    readonly closeCode: number,
    readonly by: 'local' | 'peer' = 'peer',
  ) {
    super(names[closeCode - 4400])
  }
}

/** The server's fault, by the name of its close code. */
export function fault(name: CloseCodeName): Fault {
  return new Fault(4400 + names.indexOf(name))
}
