import type { ResetCode } from '../codes.ts'

/** The reset codes, first those by which a server does not let a link in. A test compares them with `codes.ts`. */
const codes =
  'key-mismatch,identity-mismatch,unauthorized,origin-forbidden,version-unsupported,sessions-full,identity-full,shutdown,session-unknown,window-exceeded,protocol-fault,expired,aborted,close-timeout,unhandled,superseded,internal'.split(
    ',',
  )

/** A reset code as it came over the wire; one that this version does not know counts as `internal`. */
export function asResetCode(code: string): ResetCode {
  return (codes.includes(code) ? code : 'internal') as ResetCode
}

export function isRefusal(code: string): boolean {
  return codes.slice(0, 8).includes(code)
}
