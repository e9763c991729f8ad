import { ArgumentError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * A payload as JSON text; `undefined` for `undefined`.
 *
 * @throws ArgumentError if JSON cannot carry the value, or a peer would refuse it: nested deeper than
 * `limits.depthMax`, or with a key `__proto__`.
 */
export function payloadText(value: unknown): string | undefined {
  if (value === undefined) return undefined
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new ArgumentError(`the payload cannot be serialised: ${(cause as Error).message}`, remedy)
  }
  if (text === undefined) throw new ArgumentError(`a ${typeof value} cannot be serialised`, remedy)
  if (typeof value === 'object' && value !== null) {
    // What `toJSON` made of a value shows only in the text; nearly every payload is told by a look at itself.
    const fault = faultIn(value, limits.depthMax, true)
    const real = fault === 'opaque' ? faultIn(JSON.parse(text), limits.depthMax, false) : fault
    if (real === 'deep')
      throw new ArgumentError(`the payload is nested deeper than ${limits.depthMax}`, remedy)
    if (real === 'key') throw new ArgumentError('the payload has a key __proto__, which peers refuse', remedy)
  }
  return text
}

const remedy =
  'Send what JSON can carry (objects, arrays, strings, numbers, booleans, null), or a Uint8Array.'

type PayloadFault = 'deep' | 'key' | 'opaque'

function faultIn(value: unknown, room: number, heedToJson: boolean): PayloadFault | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (heedToJson && typeof (value as { toJSON?: unknown }).toJSON === 'function') return 'opaque'
  if (room === 0) return 'deep'
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = faultIn(item, room - 1, heedToJson)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  // Without a list of the keys, which would be made for each message. What others have put on the prototype of all
  // objects comes up too, and is not serialised; where there is another prototype, nothing of that is even looked at.
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  for (const key in value) {
    if (!isPlain && !Object.hasOwn(value, key)) continue
    if (key === '__proto__') return 'key'
    const item = (value as Record<string, unknown>)[key]
    if (typeof item !== 'object' || item === null || !Object.hasOwn(value, key)) continue
    const fault = faultIn(item, room - 1, heedToJson)
    if (fault !== undefined) return fault
  }
  return undefined
}
