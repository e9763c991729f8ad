import fc from 'fast-check'
import { limits } from '../src/limits.ts'

const { seqMax } = limits

/** A number at a bound, or anywhere between the two. */
function whole(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }))
}

/** Lengths at the bounds and in between, of characters that `unit` makes. */
function text(min: number, max: number, unit: 'grapheme' | 'binary' = 'grapheme'): fc.Arbitrary<string> {
  const edges = fc.constantFrom('x'.repeat(min), 'x'.repeat(max))
  return fc.oneof(
    edges,
    fc.string({ unit, minLength: min, maxLength: 10 }).filter((some) => some.length <= max),
  )
}

const seq = whole(1, seqMax)
const count = whole(0, seqMax)
const id = fc.stringMatching(/^[A-Za-z0-9_.:~-]{1,64}$/)
const sid = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/)
const bytes = whole(limits.maxBytesMin, limits.bytesMax)
const delay = whole(0, limits.timerMsMax)
const ch = text(1, limits.chCharsMax)
const reason = text(0, limits.reasonCharsMax, 'binary')
/** Now and then with a key `__proto__`, and never deep. */
const json = fc.jsonValue({ maxDepth: 3 })

const window = fc.record({ messages: whole(1, limits.windowMessagesMax), bytes })

const ranges = fc
  .array(fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 9 })), {
    minLength: 1,
    maxLength: limits.ackRangesMax,
  })
  .map((steps) => {
    let covered = 10
    return steps.map(([gap, length]) => {
      const from = covered + gap
      covered = from + length
      return [from, covered]
    })
  })

const content = { d: json, ch }

const msg = fc.record(
  {
    t: fc.constant('msg'),
    seq,
    id,
    ...content,
    re: id,
    ask: fc.boolean(),
    again: fc.boolean(),
    meta: fc.dictionary(text(1, limits.metaCharsMax), text(0, limits.metaCharsMax), {
      maxKeys: limits.metaEntriesMax,
    }),
  },
  { requiredKeys: ['t', 'seq', 'id'] },
)

const failedReply = fc.record(
  {
    t: fc.constant('msg'),
    seq,
    id,
    re: id,
    err: fc.record({
      code: text(1, limits.errCodeCharsMax),
      message: text(0, limits.errMessageCharsMax),
    }),
    ch,
  },
  { requiredKeys: ['t', 'seq', 'id', 're', 'err'] },
)

const note = fc.record({ t: fc.constant('note'), ...content }, { requiredKeys: ['t'] })

/** One right envelope of any kind. */
export const validEnvelope: fc.Arbitrary<object> = fc.oneof(
  msg,
  failedReply,
  note,
  fc.oneof(
    fc.record({ t: fc.constant('ack'), n: count }),
    fc.record({ t: fc.constant('ack'), n: whole(0, 10), also: ranges }),
  ),
  fc.record(
    {
      t: fc.constant('hello'),
      v: count,
      sid,
      key: sid,
      link: seq,
      fresh: fc.boolean(),
      got: count,
      window,
      maxBytes: bytes,
      auth: json,
      agent: text(0, limits.agentCharsMax),
      gone: fc.boolean(),
    },
    { requiredKeys: ['t', 'v', 'sid', 'key', 'link', 'fresh', 'got', 'window'] },
  ),
  fc.record({
    t: fc.constant('welcome'),
    sid,
    resumed: fc.boolean(),
    got: count,
    window,
    ttl: delay,
    keepalive: whole(1, limits.timerMsMax),
    maxBytes: bytes,
  }),
  fc.record({ t: fc.constant('fin'), seq, code: whole(1000, 4999), reason }, { requiredKeys: ['t', 'seq'] }),
  fc.record({ t: fc.constant('cancel'), re: id }),
  fc.record({ t: fc.constantFrom('ping', 'pong'), k: count }),
  fc.record(
    { t: fc.constant('away'), after: delay, reason, location: text(1, limits.locationCharsMax) },
    { requiredKeys: ['t', 'after'] },
  ),
  fc.record(
    {
      t: fc.constant('reset'),
      code: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
      reason,
      got: count,
    },
    { requiredKeys: ['t', 'code'] },
  ),
)

/** A right header of a binary frame. */
export const validHeader: fc.Arbitrary<object> = fc
  .oneof(msg, note)
  .map((envelope) => withoutField(envelope, 'd'))

/** Values at, and one past, every bound of the protocol, and of every JSON type. */
const edge: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', [], {}, [[]], [null], { t: 'ping', k: 1 }),
  fc.constantFrom(
    ...[0, -0, 1, -1, 0.5, 1.5, 999, 1000, 4999, 5000, 1e300],
    ...[limits.windowMessagesMax, limits.windowMessagesMax + 1, limits.maxBytesMin - 1, limits.maxBytesMin],
    ...[limits.bytesMax, limits.bytesMax + 1, seqMax, seqMax + 1, -seqMax],
  ),
  fc
    .constantFrom(1, 15, 16, 64, 65, 120, 121, 128, 129, 512, 513, 1024, 1025)
    .chain((length) => fc.constantFrom('x', '\u00e9', '.', '\n').map((unit) => unit.repeat(length))),
  // Two UTF-16 code units each, and one code point.
  fc.constantFrom(60, 61, 64, 65, 256, 257, 512, 513).map((pairs) => '\u{1F642}'.repeat(pairs)),
  fc.constantFrom(
    'msg',
    'note',
    'ping',
    'hello',
    'nothing-known',
    '__proto__',
    'constructor',
    'A',
    'a/b',
    'a\n',
  ),
  fc.constantFrom(63, 64, 65, 66).chain((depth) =>
    fc.boolean().map((objects) => {
      let value: unknown = objects ? {} : []
      for (let i = 1; i < depth; i++) value = objects ? { a: value } : [value]
      return value
    }),
  ),
  fc
    .integer({ min: 15, max: 18 })
    .map((entries) => Object.fromEntries(Array.from({ length: entries }, (_, i) => [`k${i}`, 'v']))),
  fc
    .constantFrom(1, 2, 63, 64, 65)
    .map((count) => Array.from({ length: count }, (_, i) => [12 + 2 * i, 12 + 2 * i])),
  fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 }), { maxLength: 4 }),
  fc.record({ code: text(0, 65), message: text(0, 3) }),
  fc.constant(1).map(() => own({}, '__proto__', { polluted: true })),
  json,
)

const fieldNames = [
  ...['t', 'v', 'sid', 'key', 'link', 'fresh', 'got', 'window', 'maxBytes', 'auth', 'agent', 'gone'],
  ...[
    'resumed',
    'ttl',
    'keepalive',
    'seq',
    'id',
    'd',
    'ch',
    're',
    'ask',
    'again',
    'err',
    'meta',
    'n',
    'also',
    'code',
    'reason',
  ],
  ...['k', 'after', 'x', 'toString', '__proto__'],
]

type Mutation = (envelope: object) => object

/** Sets, or takes away, a field of the envelope or of an object in one. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), edge).map(
    ([at, value]): Mutation =>
      (envelope) => {
        const names = Object.keys(envelope)
        return own(envelope, names[at % names.length] ?? 't', value)
      },
  ),
  fc.nat().map(
    (at): Mutation =>
      (envelope) => {
        const names = Object.keys(envelope)
        return withoutField(envelope, names[at % names.length] ?? 't')
      },
  ),
  fc.tuple(fc.constantFrom(...fieldNames), edge).map(
    ([name, value]): Mutation =>
      (envelope) =>
        own(envelope, name, value),
  ),
  fc
    .tuple(
      fc.constantFrom('window', 'err', 'meta', 'd', 'auth'),
      fc.constantFrom('messages', 'bytes', 'code', 'message', '__proto__', '', 'y'),
      fc.option(edge, { nil: undefined }),
    )
    .map(
      ([outer, name, value]): Mutation =>
        (envelope) => {
          const inner = (envelope as Record<string, unknown>)[outer]
          if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return envelope
          return own(
            envelope,
            outer,
            value === undefined ? withoutField(inner, name) : own(inner, name, value),
          )
        },
    ),
)

/** A right envelope with one to three things changed, most of which make it wrong. */
export const mutatedEnvelope: fc.Arbitrary<object> = fc
  .tuple(validEnvelope, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([envelope, mutations]) => mutations.reduce((current, mutate) => mutate(current), envelope))

/** A header with one thing changed. */
export const mutatedHeader: fc.Arbitrary<object> = fc
  .tuple(validHeader, mutation)
  .map(([header, mutate]) => mutate(header))

/** Any JSON, as often as not with a `t` that is known. */
export const arbitraryEntry: fc.Arbitrary<unknown> = fc.oneof(
  json,
  edge,
  fc
    .tuple(fc.constantFrom('msg', 'ack', 'note', 'ping'), fc.dictionary(fc.constantFrom(...fieldNames), edge))
    .map(([t, fields]) => own(fields, 't', t)),
)

/** A copy with `name` as a field of its own, also where the name is `__proto__`. */
function own(object: object, name: string, value: unknown): object {
  const copy = Object.create(Object.prototype, Object.getOwnPropertyDescriptors(object)) as object
  return Object.defineProperty(copy, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function withoutField(object: object, name: string): object {
  const { [name]: _, ...descriptors } = Object.getOwnPropertyDescriptors(object)
  return Object.create(Object.prototype, descriptors) as object
}
