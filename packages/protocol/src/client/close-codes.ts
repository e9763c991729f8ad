import type { CloseCodeName } from '../codes.ts'

/**
 * Close codes, as constants of their own for the same reason as the bounds. A test compares them with
 * `codes.ts`. What a server does wrong is thrown as the close code to end its link with.
 */
export const normal = 1000
export const frameMalformed = 4400
export const envelopeUnknown = 4401
export const envelopeUnexpected = 4402
export const helloTimeout = 4404
export const sequenceGap = 4405
export const sequenceRepeated = 4406
export const ackInvalid = 4407
export const keepaliveTimeout = 4408
export const superseded = 4409
export const reset = 4410
export const frameTooLarge = 4413
export const frameTooDeep = 4414

/** The names of the close codes from 4400 on, in their order. */
const names =
  'frameMalformed,envelopeUnknown,envelopeUnexpected,helloExpected,helloTimeout,sequenceGap,sequenceRepeated,ackInvalid,keepaliveTimeout,superseded,reset,,,frameTooLarge,frameTooDeep'.split(
    ',',
  )

/** The name of a close code from 4400 on. */
export function closeCodeName(code: number): CloseCodeName {
  return names[code - frameMalformed] as CloseCodeName
}
