import { type Fields, fieldFault, type Place, placeName } from './field-checks.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'

/** The one key that turns a careless copy of an object into a change of its prototype. */
const forbiddenKey = '__proto__'

/**
 * Refuses a payload that is nested deeper than `limits.depthMax` or has a key `__proto__` anywhere. Costs
 * nothing for a string, number, boolean or null, and recurses at most `limits.depthMax` deep.
 */
export function checkPayload(envelope: Fields, place: Place, field: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) walk(envelope, place, field, value, limits.depthMax)
}

/** Refuses a key `__proto__` on `object` itself, which is the envelope or what stands in its field `field`. */
export function checkOwnKeys(
  envelope: Fields,
  place: Place,
  field: string | undefined,
  object: object,
): void {
  if (Object.hasOwn(object, forbiddenKey)) throw keyFault(envelope, place, field)
}

function walk(envelope: Fields, place: Place, field: string, value: object, room: number): void {
  if (room === 0) {
    const problem = `${field} is nested deeper than ${limits.depthMax}`
    throw new PeerFault('frameTooDeep', `${placeName(place)} (${envelope.t}): ${problem}`)
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && item !== null) walk(envelope, place, field, item, room - 1)
    }
    return
  }
  // Without a list of the keys, which would be made for each message. What others have put on the prototype of all
  // objects comes up too, and is nobody's payload.
  for (const key in value) {
    if (key === forbiddenKey) throw keyFault(envelope, place, field)
    const item = (value as Fields)[key]
    if (typeof item === 'object' && item !== null && Object.hasOwn(value, key)) {
      walk(envelope, place, field, item, room - 1)
    }
  }
}

function keyFault(envelope: Fields, place: Place, field: string | undefined): PeerFault {
  return fieldFault(
    envelope,
    place,
    `${field === undefined ? 'it' : field} has a key ${forbiddenKey}, which is not allowed`,
  )
}
