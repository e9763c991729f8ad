import fc from 'fast-check'
import { resetCodes } from '../../src/codes.ts'
import { encodeBinaryFrame } from '../../src/encode.ts'
import { limits } from '../../src/limits.ts'
import { arbitraryEntry, mutatedEnvelope, validEnvelope } from '../arbitrary-frames.ts'
import { type Edit, edit, edited } from './edits.ts'
import { type FrameText, seedFrames } from './seed-frames.ts'

/** What a peer knows of the session that it attacks, so that what it says is nearly right. */
export interface PeerView {
  sid: string
  key: string
  /** The highest number that it has sent. */
  sent: number
  /** The highest number that it has seen. */
  seen: number
  /** Ids of messages that it has seen. */
  ids: readonly string[]
  /** Links that it has begun. */
  links: number
  /** Frames that it has sent before. */
  said: readonly FrameText[]
}

/** One envelope of a peer. `off`: how far its number is from the right one. */
export type Line =
  | { say: 'msg'; off: number; ask: boolean; binary: boolean; re: number | undefined }
  /** Bare messages, as many. */
  | { say: 'burst'; count: number }
  | { say: 'ack'; off: number; also: Array<[gap: number, length: number]> }
  | { say: 'fin'; off: number }
  | { say: 'ping' | 'pong' | 'cancel' | 'note' | 'away'; k: number }
  | { say: 'reset'; code: string; got: number }
  | { say: 'hello'; off: number; link: number; fresh: boolean; rightKey: boolean }
  | { say: 'welcome'; off: number; resumed: boolean; small: boolean; rightSid: boolean }
  /** JSON of an envelope, or of anything. */
  | { say: 'json'; text: string }

/** One or two frames of a peer. */
export type PeerFrame =
  | { frame: 'lines'; lines: Line[]; edits: Edit[]; splitAt: number | undefined }
  | { frame: 'seed'; index: number; edits: Edit[] }
  | { frame: 'replay'; index: number; edits: Edit[] }
  | { frame: 'large'; bytes: number; messages: number }

const off = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -4, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(1e6, limits.seqMax) },
)
const small = fc.nat({ max: 9 })

const line: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      say: fc.constant('msg' as const),
      off,
      ask: fc.boolean(),
      binary: fc.boolean(),
      re: fc.option(small, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant('burst' as const),
      count: fc.oneof(small, fc.integer({ min: 300, max: 1100 })),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      say: fc.constant('ack' as const),
      off: fc.oneof(off, fc.integer({ min: -9, max: 0 })),
      also: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), small), { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ say: fc.constant('fin' as const), off }) },
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constantFrom(
        'ping' as const,
        'pong' as const,
        'cancel' as const,
        'note' as const,
        'away' as const,
      ),
      k: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant('reset' as const),
      code: fc.constantFrom(...resetCodes, 'nobody-knows'),
      got: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant('hello' as const),
      off,
      link: fc.integer({ min: -2, max: 2 }),
      fresh: fc.boolean(),
      rightKey: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      say: fc.constant('welcome' as const),
      off,
      resumed: fc.boolean(),
      small: fc.boolean(),
      rightSid: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .oneof(validEnvelope, mutatedEnvelope, arbitraryEntry)
      .map((value): Line => ({ say: 'json', text: JSON.stringify(value) ?? 'null' })),
  },
)

/** What a peer says that keeps to the protocol, if it is in the right moment. */
const rightLine: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constant('msg' as const),
      off: fc.constant(0),
      ask: fc.boolean(),
      binary: fc.boolean(),
      re: fc.option(small, { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constant('ack' as const),
      off: fc.constantFrom(0, 0, -1, -2),
      also: fc.constant<Array<[number, number]>>([]),
    }),
  },
  // Everything but the last message that could be: a range above a gap.
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant('ack' as const),
      off: fc.constant(-2),
      also: fc.constant<Array<[number, number]>>([[2, 0]]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      say: fc.constantFrom('ping' as const, 'pong' as const, 'cancel' as const, 'note' as const),
      k: small,
    }),
  },
)

const edits = fc.array(edit, { maxLength: 3 })
const someEdits = fc.array(edit, { minLength: 1, maxLength: 3 })
const none = fc.constant<Edit[]>([])

export const peerFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      frame: fc.constant('lines' as const),
      lines: fc.array(rightLine, { minLength: 1, maxLength: 3 }),
      edits: none,
      splitAt: fc.constant(undefined),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      frame: fc.constant('lines' as const),
      lines: fc.constantFrom<Line[][]>(
        [{ say: 'fin', off: 0 }],
        [{ say: 'fin', off: 0 }],
        [{ say: 'reset', code: 'session-unknown', got: 0 }],
        [{ say: 'welcome', off: 0, resumed: true, small: false, rightSid: true }],
      ),
      edits: none,
      splitAt: fc.constant(undefined),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      frame: fc.constant('lines' as const),
      lines: fc.array(line, { minLength: 1, maxLength: 5 }),
      edits: none,
      splitAt: fc.constant(undefined),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      frame: fc.constant('lines' as const),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
      edits: someEdits,
      splitAt: fc.option(fc.nat({ max: 200 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      frame: fc.constant('seed' as const),
      index: fc.nat({ max: seedFrames.length - 1 }),
      edits,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      frame: fc.constant('replay' as const),
      index: fc.nat({ max: 20 }),
      edits: fc.oneof(none, edits),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      frame: fc.constant('large' as const),
      bytes: fc.constantFrom(4096, 4097, 65_536, 65_537, 69_631, 69_632, 69_633),
      messages: fc.constantFrom(1, 2, 50),
    }),
  },
)

/** The frames as they go over the wire. */
export function framesFrom(view: PeerView, spec: PeerFrame): FrameText[] {
  switch (spec.frame) {
    case 'seed':
      return [edited(seedFrames[spec.index % seedFrames.length] as FrameText, spec.edits)]
    case 'replay': {
      const said = view.said[view.said.length - 1 - (spec.index % Math.max(1, view.said.length))]
      return said === undefined ? [] : [edited(said, spec.edits)]
    }
    case 'large':
      return [{ text: largeFrame(view, spec.bytes, spec.messages) }]
    case 'lines': {
      const binary = spec.lines.length === 1 ? binaryOf(view, spec.lines[0] as Line) : undefined
      const frame = binary ?? { text: `[${textsOf(view, spec.lines).join(',')}]` }
      const [whole] = [edited(frame, spec.edits)]
      if (spec.splitAt === undefined) return [whole]
      const key = 'text' in whole ? 'text' : 'hex'
      const content = 'text' in whole ? whole.text : whole.hex
      const at = 2 * ((spec.splitAt % (content.length / 2 + 1)) | 0)
      return [{ [key]: content.slice(0, at) }, { [key]: content.slice(at) }] as FrameText[]
    }
  }
}

/** A number next to the right one, or anywhere that a number may be. */
function near(right: number, distance: number): number {
  return Math.max(0, Math.min(limits.seqMax, right + distance))
}

function textsOf(view: PeerView, lines: readonly Line[]): string[] {
  let sent = view.sent
  return lines.flatMap((one): string[] => {
    if (one.say === 'json') return [one.text]
    if (one.say === 'burst') {
      const from = sent + 1
      sent += one.count
      return Array.from({ length: one.count }, (_, n) =>
        JSON.stringify({ t: 'msg', seq: from + n, id: `m${from + n}` }),
      )
    }
    if (one.say === 'msg' || one.say === 'fin') {
      const seq = near(sent + 1, one.off)
      if (one.off === 0) sent++
      return [
        JSON.stringify(one.say === 'fin' ? { t: 'fin', seq } : { ...msgOf(view, one, seq), d: { n: seq } }),
      ]
    }
    return [JSON.stringify(unsequenced(view, one))]
  })
}

function msgOf(view: PeerView, one: Extract<Line, { say: 'msg' }>, seq: number): object {
  const re = one.re === undefined ? undefined : view.ids[one.re % Math.max(1, view.ids.length)]
  return {
    t: 'msg',
    seq,
    id: `m${seq}`,
    ch: 'n',
    ...(one.ask && { ask: true }),
    ...(re !== undefined && { re }),
  }
}

function binaryOf(view: PeerView, one: Line): FrameText | undefined {
  if (one.say !== 'msg' || !one.binary) return undefined
  const header = JSON.stringify(msgOf(view, one, near(view.sent + 1, one.off)))
  return { hex: Buffer.from(encodeBinaryFrame(header, new Uint8Array([0, 255, 123]))).toString('hex') }
}

function unsequenced(view: PeerView, one: Exclude<Line, { say: 'msg' | 'burst' | 'fin' | 'json' }>): object {
  switch (one.say) {
    case 'ack': {
      const n = near(view.seen, one.off)
      let covered = n
      const also = one.also.map(([gap, length]) => {
        const from = covered + gap
        covered = from + length
        return [from, covered]
      })
      return { t: 'ack', n, ...(also.length > 0 && { also }) }
    }
    case 'cancel':
      return { t: 'cancel', re: view.ids[one.k % Math.max(1, view.ids.length)] ?? 'nothing' }
    case 'note':
      return { t: 'note', ch: 'n', d: one.k }
    case 'away':
      return { t: 'away', after: one.k }
    case 'reset':
      return { t: 'reset', code: one.code, got: one.got }
    case 'hello':
      return helloOf(view, one)
    case 'welcome': {
      const bytes = one.small ? limits.maxBytesMin : 1 << 22
      return {
        ...{ t: 'welcome', sid: one.rightSid ? view.sid : 'another-session-00', resumed: one.resumed },
        ...{ got: near(view.seen, one.off), window: { messages: one.small ? 1 : 1024, bytes } },
        ...{ ttl: 60_000, keepalive: 15_000, maxBytes: bytes },
      }
    }
    default:
      return { t: one.say, k: one.k }
  }
}

export function helloOf(view: PeerView, one: Extract<Line, { say: 'hello' }>): object {
  return {
    ...{ t: 'hello', v: 1, sid: view.sid, key: one.rightKey ? view.key : 'the-key-of-nobody-at-all' },
    ...{ link: Math.max(1, view.links + 1 + one.link), fresh: one.fresh, got: near(view.seen, one.off) },
    window: { messages: 8, bytes: limits.maxBytesMin },
  }
}

function largeFrame(view: PeerView, bytes: number, messages: number): string {
  const list = (d: string) =>
    JSON.stringify(
      Array.from({ length: messages }, (_, n) => {
        const seq = view.sent + 1 + n
        return { t: 'msg', seq, id: `m${seq}`, d: n === 0 ? d : '' }
      }),
    )
  return list('x'.repeat(Math.max(0, bytes - list('').length)))
}
