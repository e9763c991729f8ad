import { type CloseCodeName, closeCodes, type ResetCode } from '../codes.ts'

/** The reset codes, first those by which a server does not let a link in. A test compares them with `codes.ts`. */
const codes =
  'key-mismatch identity-mismatch unauthorized origin-forbidden version-unsupported sessions-full identity-full shutdown session-unknown window-exceeded protocol-fault expired aborted close-timeout unhandled superseded internal'.split(
    ' ',
  ) as ResetCode[]
const refusalCount = 8

/** A reset code as it came over the wire; one that this version does not know counts as `internal`. */
export function asResetCode(code: string): ResetCode {
  return codes.find((one) => one === code) ?? 'internal'
}

export function isRefusal(code: string): boolean {
  return codes.slice(0, refusalCount).includes(code as ResetCode)
}

/** The fault that the server accuses this side of by a close code, if it is one. */
export function accusation(closeCode: number): CloseCodeName | undefined {
  if (closeCode === 1009) return 'frameTooLarge'
  if (closeCode < closeCodes.frameMalformed || notAccusing.includes(closeCode)) return undefined
  return (Object.keys(closeCodes) as CloseCodeName[]).find((name) => closeCodes[name] === closeCode)
}

/** From 4400 on, but no fault of this side. */
const notAccusing = [4404, 4408, 4409, 4410]
