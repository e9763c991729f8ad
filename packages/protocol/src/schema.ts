/**
 * The envelopes as zod schemas: the definition that the decoder is tested against, and what the JSON Schema in
 * this package is made from. It is an entry of its own (`@lastword/protocol/schema`), because what runs for each
 * frame must not carry zod along.
 *
 * The schemas are for values that `JSON.parse` made. Four rules of the decoder are not in them: the sizes of
 * frames, the nesting of `d` and `auth`, the forbidden key `__proto__`, and that `t` may be a string which only a
 * later version knows (`envelopeUnknown` instead of `frameMalformed`).
 */
import { z } from 'zod'
import type { Envelope, EnvelopeKind, Json } from './envelope.ts'
import { idPattern, resetCodePattern, sidPattern } from './ids.ts'
import { limits } from './limits.ts'

const { seqMax } = limits

/** Anything: `JSON.parse` has seen to it that it is JSON. */
const json = z.unknown() as unknown as z.ZodType<Json>
const id = z.string().regex(idPattern)
const sid = z.string().regex(sidPattern)
const seq = z.int().min(1).max(seqMax)
const count = z.int().min(0).max(seqMax)
const bytes = z.int().min(limits.maxBytesMin).max(limits.bytesMax)
const delayMs = z.int().min(0).max(limits.timerMsMax)
const ch = text(1, limits.chCharsMax)
const reason = text(0, limits.reasonCharsMax)

const windowSchema = z.looseObject({
  messages: z.int().min(1).max(limits.windowMessagesMax),
  bytes,
})

const errSchema = z.looseObject({
  code: text(1, limits.errCodeCharsMax),
  message: text(0, limits.errMessageCharsMax),
})

const metaSchema = z
  .record(text(1, limits.metaCharsMax), text(0, limits.metaCharsMax))
  .refine((meta) => Object.keys(meta).length <= limits.metaEntriesMax, {
    error: `at most ${limits.metaEntriesMax} entries`,
  })
  .meta({ maxProperties: limits.metaEntriesMax })

export const helloSchema = z
  .looseObject({
    t: z.literal('hello'),
    v: count,
    sid,
    key: sid,
    link: seq,
    fresh: z.boolean(),
    got: count,
    window: windowSchema,
    maxBytes: bytes.optional(),
    auth: json.optional(),
    agent: text(0, limits.agentCharsMax).optional(),
    gone: z.boolean().optional(),
  })
  .meta({
    id: 'lastword.hello',
    description: `First on every link, from the client. ${nesting('auth')}`,
  })

export const welcomeSchema = z
  .looseObject({
    t: z.literal('welcome'),
    sid,
    resumed: z.boolean(),
    got: count,
    window: windowSchema,
    ttl: delayMs,
    keepalive: delayMs.min(1),
    maxBytes: bytes,
  })
  .meta({ id: 'lastword.welcome', description: 'The session is attached to this link.' })

export const msgSchema = z
  .looseObject({
    t: z.literal('msg'),
    seq,
    id,
    d: json.optional(),
    ch: ch.optional(),
    re: id.optional(),
    ask: z.boolean().optional(),
    again: z.boolean().optional(),
    err: errSchema.optional(),
    meta: metaSchema.optional(),
  })
  .refine((msg) => msg.err === undefined || msg.re !== undefined, {
    path: ['err'],
    error: 'allowed only beside re',
  })
  .refine((msg) => msg.err === undefined || msg.d === undefined, {
    path: ['err'],
    error: 'not allowed beside d',
  })
  .meta({
    id: 'lastword.msg',
    description: `A sequenced message. ${nesting('d')}`,
    dependentRequired: { err: ['re'] },
    not: { required: ['d', 'err'] },
  })

export const ackSchema = z
  .looseObject({
    t: z.literal('ack'),
    n: count,
    also: z
      .array(z.tuple([count, count]))
      .min(1)
      .max(limits.ackRangesMax)
      .optional(),
  })
  .refine((ack) => ascends(ack.n, ack.also ?? []), {
    path: ['also'],
    error: 'ranges must ascend, and begin at least 2 above what is covered before them',
  })
  .meta({
    id: 'lastword.ack',
    description:
      'Everything up to n is handled, and so are the ranges [from, to] in also. In each, from <= to. ' +
      'The first begins at least 2 above n, every other at least 2 above the end of the one before it.',
  })

export const finSchema = z
  .looseObject({
    t: z.literal('fin'),
    seq,
    code: z.int().min(1000).max(4999).optional(),
    reason: reason.optional(),
  })
  .meta({ id: 'lastword.fin', description: 'Sequenced: nothing follows it in this direction.' })

export const cancelSchema = z
  .looseObject({ t: z.literal('cancel'), re: id })
  .meta({ id: 'lastword.cancel', description: 'The asker no longer wants the reply to re.' })

export const noteSchema = z
  .looseObject({ t: z.literal('note'), d: json.optional(), ch: ch.optional() })
  .meta({
    id: 'lastword.note',
    description: `Volatile: not sequenced, not acknowledged. ${nesting('d')}`,
  })

export const pingSchema = z
  .looseObject({ t: z.literal('ping'), k: count })
  .meta({ id: 'lastword.ping', description: 'Asks for a pong with the same k.' })

export const pongSchema = z
  .looseObject({ t: z.literal('pong'), k: count })
  .meta({ id: 'lastword.pong', description: 'Answers the ping with the same k.' })

export const awaySchema = z
  .looseObject({
    t: z.literal('away'),
    after: delayMs,
    reason: reason.optional(),
    location: text(1, limits.locationCharsMax).optional(),
  })
  .meta({
    id: 'lastword.away',
    description: 'This link will go: resume on another one within after ms.',
  })

export const resetSchema = z
  .looseObject({
    t: z.literal('reset'),
    code: z.string().regex(resetCodePattern),
    reason: reason.optional(),
    got: count.optional(),
  })
  .meta({
    id: 'lastword.reset',
    description:
      'The session is over, and not clean. A receiver takes a code that it does not know as internal.',
  })

export const envelopeSchema = z.discriminatedUnion('t', [
  helloSchema,
  welcomeSchema,
  msgSchema,
  ackSchema,
  finSchema,
  cancelSchema,
  noteSchema,
  pingSchema,
  pongSchema,
  awaySchema,
  resetSchema,
])

/** A text frame, parsed. */
export const frameSchema = z.array(envelopeSchema).min(1).max(limits.envelopesPerFrameMax)

/** The JSON header of a binary frame, parsed: an envelope whose payload is the bytes behind it. */
export const binaryHeaderSchema = z
  .discriminatedUnion('t', [msgSchema, noteSchema])
  .refine((header) => header.d === undefined && !('err' in header), {
    error: 'd and err are not allowed beside bytes',
  })
  .meta({
    description: 'The JSON header of a binary frame; the bytes behind it are the payload.',
    not: { anyOf: [{ required: ['d'] }, { required: ['err'] }] },
  })

/** Lengths are UTF-16 code units; `max` alone counts code points, as JSON Schema does. */
function text(min: 0 | 1, max: number) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => value.length <= max, { error: `at most ${max} UTF-16 code units` })
}

/** No range touches the one before it, nor what `n` covers. */
function ascends(n: number, ranges: readonly (readonly [number, number])[]): boolean {
  let covered = n
  for (const [from, to] of ranges) {
    if (from <= covered + 1 || to < from) return false
    covered = to
  }
  return true
}

/** A rule that zod could only check by walking the payload a second time. */
function nesting(field: string): string {
  return `${field} may nest ${limits.depthMax} deep and must have no key __proto__.`
}

/** What a schema names, without the unknown fields that it lets through, here and in the objects inside. */
type Named<T> =
  T extends Record<string, unknown>
    ? unknown extends T[string]
      ? { [K in keyof T as string extends K ? never : K]: Named<T[K]> }
      : T
    : T

/** True if each is assignable to the other, also with all fields required: so neither has a field more. */
type Same<A, B> = [A, B, Required<A>, Required<B>] extends [B, A, Required<B>, Required<A>] ? true : false

/** Of each kind, whether its schema and its interface say the same. */
type Agreement = {
  [K in EnvelopeKind]: Same<
    Named<Extract<z.infer<typeof envelopeSchema>, { t: K }>>,
    Extract<Envelope, { t: K }>
  >
}

type Proven<T extends Record<EnvelopeKind, true>> = T

/** The compiler's proof that schemas and interfaces agree: where they do not, its error names the kind. */
export type SchemasAgree = Proven<Agreement>
