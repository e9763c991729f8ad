import { contract, decodeEarly, earlyPrefix, encodeEarly, limits } from '@lastword/protocol'
import { describe, expect, test } from 'vitest'
import { createAdapter } from '../src/index.ts'
import { hello, sid } from './by-hand.ts'
import {
  admitted,
  batched,
  chars,
  decoded,
  decodedBinary,
  faultOf,
  faulty,
  frameOf,
  full,
  fullWindow,
  msg,
  overtaking,
  posted,
  received,
  sentBeforeWelcome,
  spanned,
  thrownBy,
} from './limit-probes.ts'

/** How a limit is reached, and how it is passed by one. Each says `taken`, or by which name it was refused. */
interface Bound {
  what: string
  at: () => string | Promise<string>
  past: () => string | Promise<string>
  refused: string
}

const welcome = {
  ...{ t: 'welcome', sid, resumed: false, got: 0, window: { messages: 1, bytes: 65_536 } },
  ...{ ttl: 0, keepalive: 1, maxBytes: 65_536 },
}
const reply = { ...msg, re: 'request-1' }

/** A field whose value at the limit is `value(limit)`, and past it `value(limit + step)`. */
function field(
  what: string,
  limit: number,
  envelope: (value: number) => object,
  refused = 'frameMalformed',
  step: 1 | -1 = 1,
): Bound {
  return {
    what,
    at: () => decoded([envelope(limit)]),
    past: () => decoded([envelope(limit + step)]),
    refused,
  }
}

const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']))
const ranges = (count: number) => Array.from({ length: count }, (_, n) => [2 + 2 * n, 2 + 2 * n])
const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

const bounds: Record<keyof typeof limits, Bound[]> = {
  version: [
    {
      what: 'hello.v',
      at: () => admitted({ v: 1 }),
      past: () => admitted({ v: 2 }),
      refused: 'version-unsupported',
    },
  ],
  seqMax: [
    field('msg.seq', limits.seqMax, (seq) => ({ ...msg, seq })),
    field('ack.n', limits.seqMax, (n) => ({ t: 'ack', n })),
    field('a range of ack.also', limits.seqMax, (to) => ({ t: 'ack', n: 0, also: [[2, to]] })),
    field('fin.seq', limits.seqMax, (seq) => ({ t: 'fin', seq })),
    field('ping.k', limits.seqMax, (k) => ({ t: 'ping', k })),
    field('hello.link', limits.seqMax, (link) => hello({ link })),
    field('hello.got', limits.seqMax, (got) => hello({ got })),
    field('reset.got', limits.seqMax, (got) => ({ t: 'reset', code: 'aborted', got })),
  ],
  idCharsMax: [
    field('msg.id', limits.idCharsMax, (count) => ({ ...msg, id: chars(count) })),
    field('msg.re', limits.idCharsMax, (count) => ({ ...msg, re: chars(count) })),
    field('cancel.re', limits.idCharsMax, (count) => ({ t: 'cancel', re: chars(count) })),
    field('hello.sid', limits.idCharsMax, (count) => hello({ sid: chars(count) })),
    field('hello.key', limits.idCharsMax, (count) => hello({ key: chars(count) })),
  ],
  sidCharsMin: [
    field('hello.sid', limits.sidCharsMin, (count) => hello({ sid: chars(count) }), 'frameMalformed', -1),
    field('hello.key', limits.sidCharsMin, (count) => hello({ key: chars(count) }), 'frameMalformed', -1),
    field(
      'welcome.sid',
      limits.sidCharsMin,
      (count) => ({ ...welcome, sid: chars(count) }),
      'frameMalformed',
      -1,
    ),
  ],
  chCharsMax: [
    field('msg.ch', limits.chCharsMax, (count) => ({ ...msg, ch: chars(count) })),
    field('note.ch', limits.chCharsMax, (count) => ({ t: 'note', ch: chars(count) })),
    {
      what: 'a name of a contract',
      at: () => thrownBy(() => contract({ [chars(limits.chCharsMax)]: {} })),
      past: () => thrownBy(() => contract({ [chars(limits.chCharsMax + 1)]: {} })),
      refused: 'argument-invalid',
    },
  ],
  reasonCharsMax: [
    field('fin.reason', limits.reasonCharsMax, (count) => ({ t: 'fin', seq: 1, reason: chars(count) })),
    field('away.reason', limits.reasonCharsMax, (count) => ({ t: 'away', after: 0, reason: chars(count) })),
    field('reset.reason', limits.reasonCharsMax, (count) => ({
      t: 'reset',
      code: 'x',
      reason: chars(count),
    })),
  ],
  errCodeCharsMax: [
    field('err.code', limits.errCodeCharsMax, (count) => ({
      ...reply,
      err: { code: chars(count), message: '' },
    })),
    field('reset.code', limits.errCodeCharsMax, (count) => ({ t: 'reset', code: chars(count) })),
  ],
  errMessageCharsMax: [
    field('err.message', limits.errMessageCharsMax, (count) => ({
      ...reply,
      err: { code: 'x', message: chars(count) },
    })),
  ],
  metaEntriesMax: [field('meta', limits.metaEntriesMax, (count) => ({ ...msg, meta: entries(count) }))],
  metaCharsMax: [
    field('a key of meta', limits.metaCharsMax, (count) => ({ ...msg, meta: { [chars(count)]: '' } })),
    field('a value of meta', limits.metaCharsMax, (count) => ({ ...msg, meta: { k: chars(count) } })),
  ],
  locationCharsMax: [
    field('away.location', limits.locationCharsMax, (count) => ({
      t: 'away',
      after: 0,
      location: chars(count),
    })),
  ],
  agentCharsMax: [field('hello.agent', limits.agentCharsMax, (count) => hello({ agent: chars(count) }))],
  ackRangesMax: [
    field('ack.also', limits.ackRangesMax, (count) => ({ t: 'ack', n: 0, also: ranges(count) })),
  ],
  envelopesPerFrameMax: [
    {
      what: 'a frame',
      at: () => decoded(Array(limits.envelopesPerFrameMax).fill({ t: 'ping', k: 1 })),
      past: () => decoded(Array(limits.envelopesPerFrameMax + 1).fill({ t: 'ping', k: 1 })),
      refused: 'frameMalformed',
    },
  ],
  depthMax: [
    field('msg.d', limits.depthMax, (depth) => ({ ...msg, d: nested(depth) }), 'frameTooDeep'),
    field('note.d', limits.depthMax, (depth) => ({ t: 'note', d: nested(depth) }), 'frameTooDeep'),
    field('hello.auth', limits.depthMax, (depth) => hello({ auth: nested(depth) }), 'frameTooDeep'),
  ],
  headerBytesMax: [
    {
      what: 'the header of a binary frame',
      at: () => decodedBinary(limits.headerBytesMax),
      past: () => decodedBinary(limits.headerBytesMax + 1),
      refused: 'frameMalformed',
    },
  ],
  frameOverheadBytes: [
    {
      what: 'a frame, above maxBytes',
      at: () => received(frameOf(limits.maxBytesMin + limits.frameOverheadBytes)),
      past: () => received(frameOf(limits.maxBytesMin + limits.frameOverheadBytes + 1)),
      refused: 'frameTooLarge',
    },
    {
      // What a frame with one message holds besides is charged for only above this.
      what: 'a frame, above a window that is full',
      at: () => received(...fullWindow, frameOf(limits.frameOverheadBytes, full + 1)),
      past: () => received(...fullWindow, frameOf(limits.frameOverheadBytes + 1, full + 1)),
      refused: 'window-exceeded',
    },
  ],
  batchBytesMax: [
    {
      what: 'a frame with two messages',
      at: () => received(frameOf(limits.batchBytesMax, 1, 2)),
      past: () => received(frameOf(limits.batchBytesMax + 1, 1, 2)),
      refused: 'frameTooLarge',
    },
  ],
  maxBytesMin: [
    field('hello.maxBytes', limits.maxBytesMin, (maxBytes) => hello({ maxBytes }), 'frameMalformed', -1),
    field(
      'welcome.maxBytes',
      limits.maxBytesMin,
      (maxBytes) => ({ ...welcome, maxBytes }),
      'frameMalformed',
      -1,
    ),
    field(
      'hello.window.bytes',
      limits.maxBytesMin,
      (bytes) => hello({ window: { messages: 1, bytes } }),
      'frameMalformed',
      -1,
    ),
    {
      what: 'what a client sends before welcome',
      at: () => sentBeforeWelcome(limits.maxBytesMin),
      past: () => sentBeforeWelcome(limits.maxBytesMin + 1),
      refused: 'held back',
    },
  ],
  bytesMax: [
    field('hello.maxBytes', limits.bytesMax, (maxBytes) => hello({ maxBytes })),
    field('welcome.maxBytes', limits.bytesMax, (maxBytes) => ({ ...welcome, maxBytes })),
    field('hello.window.bytes', limits.bytesMax, (bytes) => hello({ window: { messages: 1, bytes } })),
  ],
  windowMessagesMax: [
    field('hello.window.messages', limits.windowMessagesMax, (messages) =>
      hello({ window: { messages, bytes: 65_536 } }),
    ),
    field('welcome.window.messages', limits.windowMessagesMax, (messages) => ({
      ...welcome,
      window: { messages, bytes: 65_536 },
    })),
  ],
  sequenceSpanMax: [
    {
      what: 'a message above the first that is not handled',
      at: () => spanned(limits.sequenceSpanMax, 'msg'),
      past: () => spanned(limits.sequenceSpanMax + 1, 'msg'),
      refused: 'window-exceeded',
    },
    {
      what: 'a fin, which may stand one higher',
      at: () => spanned(limits.sequenceSpanMax + 1, 'fin'),
      // Nothing can stand in front of it there.
      past: () => spanned(limits.sequenceSpanMax + 2, 'fin'),
      refused: 'window-exceeded',
    },
  ],
  earlyCharsMax: [
    {
      what: 'an early frame that is offered',
      at: () => faultOf(() => decodeEarly([earlyPrefix + 'A'.repeat(limits.earlyCharsMax)])),
      past: () => faultOf(() => decodeEarly([earlyPrefix + 'A'.repeat(limits.earlyCharsMax + 1)])),
      refused: 'frameTooLarge',
    },
    {
      what: 'an early frame to offer',
      at: () => (encodeEarly(chars((limits.earlyCharsMax / 4) * 3)) === undefined ? 'not offered' : 'taken'),
      past: () =>
        encodeEarly(chars((limits.earlyCharsMax / 4) * 3 + 1)) === undefined ? 'not offered' : 'taken',
      refused: 'not offered',
    },
  ],
  faultsInARowMax: [
    {
      what: 'faults with nothing handled in between, short of the last one',
      at: () => faulty(limits.faultsInARowMax - 1),
      past: () => faulty(limits.faultsInARowMax),
      refused: 'protocol-fault',
    },
  ],
  bodyOverheadBytes: [
    {
      what: 'the body of an HTTP link, above a frame',
      at: () => posted(limits.maxBytesMin + limits.frameOverheadBytes + limits.bodyOverheadBytes),
      past: () => posted(limits.maxBytesMin + limits.frameOverheadBytes + limits.bodyOverheadBytes + 1),
      refused: 'HTTP 413',
    },
  ],
  bodyBatchBytesMax: [
    {
      what: 'what a client puts in one body',
      at: () => batched(limits.bodyBatchBytesMax),
      past: () => batched(limits.bodyBatchBytesMax + 1),
      refused: 'in two bodies',
    },
  ],
  roundsMax: [
    {
      what: 'a round that overtakes others',
      at: () => overtaking(limits.roundsMax - 1),
      past: () => overtaking(limits.roundsMax),
      refused: 'HTTP 400',
    },
  ],
  roundMsMax: [
    {
      what: 'how long a server lets a round hang',
      at: () => thrownBy(() => createAdapter({ roundMs: limits.roundMsMax })),
      past: () => thrownBy(() => createAdapter({ roundMs: limits.roundMsMax + 1 })),
      refused: 'argument-invalid',
    },
  ],
  timerMsMax: [
    field('welcome.ttl', limits.timerMsMax, (ttl) => ({ ...welcome, ttl })),
    field('welcome.keepalive', limits.timerMsMax, (keepalive) => ({ ...welcome, keepalive })),
    field('away.after', limits.timerMsMax, (after) => ({ t: 'away', after })),
  ],
}

test('there is a bound to test for each limit, and for nothing else', () => {
  expect(Object.keys(bounds)).toEqual(Object.keys(limits))
  for (const [limit, list] of Object.entries(bounds)) expect(list.length, limit).toBeGreaterThan(0)
})

describe.each(Object.entries(bounds))('%s', (_, list) => {
  test.each(list)('$what: at the limit it is taken, one past it is refused as $refused', async (bound) => {
    expect(await bound.at()).toBe('taken')
    expect(await bound.past()).toBe(bound.refused)
  })
})
