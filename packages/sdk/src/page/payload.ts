import type { Contract } from '@lastword/protocol'
import { PayloadError } from './errors.ts'

type Schema = Contract[string]['payload']

/** What a schema makes of a value, perhaps later; rejects for one that does not fit. */
export function valid(schema: Schema, value: unknown, name: string, sessionId: string): unknown {
  const passed = (result: { value?: unknown; issues?: PayloadError['issues'] | undefined }) => {
    const { issues } = result
    if (!issues) return result.value
    throw new PayloadError(`"${name}" does not fit its schema: ${issues[0]?.message}`, { issues, sessionId })
  }
  try {
    const result = schema ? schema['~standard'].validate(value) : { value }
    return isPromise(result) ? result.then(passed) : passed(result)
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * Keeps calls in their order where schemas take their time: what is returned calls `proceed` with a value at once, or
 * behind what was called before; `fail` with what went wrong, and what that throws or returns is the outcome.
 */
export function inOrder() {
  let tail: Promise<unknown> | undefined
  return <T>(value: unknown, proceed: (value: unknown) => T, fail: (error: unknown) => T): T | Promise<T> => {
    if (!tail && !isPromise(value)) {
      try {
        return proceed(value)
      } catch (error) {
        return fail(error)
      }
    }
    const done = Promise.all([value, tail])
      .then(([passed]) => proceed(passed))
      .catch(fail)
    const mine = Promise.allSettled([tail, done]).then(() => {
      if (tail === mine) tail = undefined
    })
    tail = mine
    return done
  }
}

export const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof (value as Promise<T> | undefined)?.then === 'function'
