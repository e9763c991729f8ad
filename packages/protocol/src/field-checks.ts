import { isId, isSid } from './ids.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'

/** An envelope as it was parsed, before its fields are known to be right. */
export type Fields = Readonly<Record<string, unknown>>

/** Where an envelope stands: its index in a text frame, or `headerPlace` for the header of a binary one. */
export type Place = number

export const headerPlace: Place = -1

// The checks below take the value besides the field's name, so that each property is read at a place of its own
// in the code: engines make such reads fast. A sentence is put together only once something is wrong.

export function checkInteger(
  envelope: Fields,
  place: Place,
  field: string,
  value: unknown,
  min: number,
  max: number,
): asserts value is number {
  if (!isInteger(value, min, max)) {
    throw fieldFault(envelope, place, `${field} must be an integer from ${min} to ${max}`)
  }
}

/** A sequence number, or a count of them; `min` is 0 where "none" is possible. */
export function checkSeq(envelope: Fields, place: Place, field: string, value: unknown, min: 0 | 1): void {
  checkInteger(envelope, place, field, value, min, limits.seqMax)
}

/** Lengths are UTF-16 code units. */
export function checkText(
  envelope: Fields,
  place: Place,
  field: string,
  value: unknown,
  min: 0 | 1,
  max: number,
): void {
  if (!isText(value, min, max)) {
    throw fieldFault(envelope, place, `${field} must be a string of ${min} to ${max} characters`)
  }
}

export function checkBoolean(envelope: Fields, place: Place, field: string, value: unknown): void {
  if (typeof value !== 'boolean') throw fieldFault(envelope, place, `${field} must be true or false`)
}

export function checkId(envelope: Fields, place: Place, field: string, value: unknown): void {
  if (!isId(value)) {
    throw fieldFault(
      envelope,
      place,
      `${field} must be 1 to ${limits.idCharsMax} characters of A-Z a-z 0-9 _ . : ~ -`,
    )
  }
}

export function checkSid(envelope: Fields, place: Place, field: string, value: unknown): void {
  if (!isSid(value)) {
    const length = `${limits.sidCharsMin} to ${limits.idCharsMax}`
    throw fieldFault(envelope, place, `${field} must be ${length} characters of A-Z a-z 0-9 _ -`)
  }
}

export function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max
}

/** An object that is neither null nor an array: what JSON calls an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fault of one field of an envelope whose kind is known. */
export function fieldFault(envelope: Fields, place: Place, problem: string): PeerFault {
  return new PeerFault('frameMalformed', `${placeName(place)} (${envelope.t}): ${problem}`)
}

export function placeName(place: Place): string {
  return place === headerPlace ? 'binary header' : `envelope ${place}`
}
