import type { CloseCodeName } from '../src/codes.ts'
import { envelopeKinds } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { binaryHeaderSchema, envelopeSchema } from '../src/schema.ts'

/** What `decodeFrame` must do with a frame: nothing in the set means accept, more than one that either will do. */
export type Outcome = ReadonlySet<CloseCodeName>

const accepted: Outcome = new Set()

/**
 * The rules of a text frame, said a second time: with the zod schemas for the fields, and straightforwardly for
 * what is the decoder's own: size, JSON, the count, an unknown `t`, depth, and the key `__proto__`.
 */
export function expectedOfText(text: string, frameBytesMax: number): Outcome {
  if (Buffer.byteLength(text) > frameBytesMax) return new Set(['frameTooLarge'])
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return new Set(['frameMalformed'])
  }
  if (!Array.isArray(list) || list.length < 1 || list.length > limits.envelopesPerFrameMax) {
    return new Set(['frameMalformed'])
  }
  for (const envelope of list) {
    const outcome = expectedOfEnvelope(envelope)
    if (outcome.size > 0) return outcome
  }
  return accepted
}

export function expectedOfEnvelope(envelope: unknown): Outcome {
  if (isPlainObject(envelope) && hasUnknownKind(envelope)) return new Set(['envelopeUnknown'])
  const faults = new Set<CloseCodeName>()
  if (!envelopeSchema.safeParse(envelope).success) faults.add('frameMalformed')
  if (isPlainObject(envelope)) {
    if (hasForbiddenKey(envelope)) faults.add('frameMalformed')
    if (payloadsOf(envelope).some((value) => depthOf(value) > limits.depthMax)) faults.add('frameTooDeep')
  }
  return faults
}

/** Of the header of a binary frame that is JSON: it is right, or malformed. */
export function expectedOfHeader(header: unknown): Outcome {
  const right =
    binaryHeaderSchema.safeParse(header).success && isPlainObject(header) && !hasForbiddenKey(header)
  return right ? accepted : new Set(['frameMalformed'])
}

/** True if an own key `__proto__` stands where only the decoder lets it pass and zod's copy leaves it out. */
export function hasToleratedProtoKey(envelope: object): boolean {
  return !hasForbiddenKey(envelope) && containsProtoKey(envelope)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasUnknownKind(envelope: Record<string, unknown>): boolean {
  return typeof envelope.t === 'string' && !(envelopeKinds as readonly string[]).includes(envelope.t)
}

/** Where depth is limited. Elsewhere `d` and `auth` are unknown fields like any other. */
function payloadsOf(envelope: Record<string, unknown>): unknown[] {
  if (envelope.t === 'msg' || envelope.t === 'note') return [envelope.d]
  return envelope.t === 'hello' ? [envelope.auth] : []
}

/** On the envelope itself, anywhere in a payload, or in the `meta` of a message. */
function hasForbiddenKey(envelope: object): boolean {
  if (Object.keys(envelope).includes('__proto__')) return true
  const fields = envelope as Record<string, unknown>
  const inside = fields.t === 'msg' ? [...payloadsOf(fields), fields.meta] : payloadsOf(fields)
  return inside.some(containsProtoKey)
}

function containsProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => {
    return (key === '__proto__' && !Array.isArray(value)) || containsProtoKey(item)
  })
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
