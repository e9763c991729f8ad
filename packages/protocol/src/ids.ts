import { limits } from './limits.ts'

/** A message id (`id`, `re`). Chosen by the application or the SDK; the characters are safe in a URL and in a log. */
export const idPattern = /* @__PURE__ */ new RegExp(`^[A-Za-z0-9_.:~-]{1,${limits.idCharsMax}}$`)

/** A session's id (`sid`) or its secret (`key`). */
export const sidPattern = /* @__PURE__ */ new RegExp(
  `^[A-Za-z0-9_-]{${limits.sidCharsMin},${limits.idCharsMax}}$`,
)

/** The code of a `reset`. A receiver takes one that it does not know as `internal`, so the set is open. */
export const resetCodePattern = /* @__PURE__ */ new RegExp(`^[a-z0-9-]{1,${limits.errCodeCharsMax}}$`)

export function isId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value)
}

export function isSid(value: unknown): value is string {
  return typeof value === 'string' && sidPattern.test(value)
}

export function isResetCode(value: unknown): value is string {
  return typeof value === 'string' && resetCodePattern.test(value)
}
