import { limits } from '@lastword/protocol'
import { type BackoffOptions, backoff, connect, type NodeConnectOptions, type Session } from '@lastword/sdk'
import { type CloseAfterPongOptions, closeAfterPong } from '@lastword/transport'
import { describe, expect, test } from 'vitest'
import { ScriptedLink } from '../../sdk/test/scripted-links.ts'
import { type AdapterOptions, type CloseOptions, createAdapter, type SendOptions } from '../src/index.ts'
import { MemorySocket } from './memory-socket.ts'

/** The least and the most that an option may be, and what is refused just beyond. `undefined`: there is no such end. */
interface Range {
  least: readonly [taken: unknown, refused: unknown] | undefined
  most: readonly [taken: unknown, refused: unknown] | undefined
}

/** Options that are numbers, or have numbers in them, and may be left out. */
type Measured<Options> = {
  [K in keyof Options]-?: Extract<Options[K], number> extends never ? never : K
}[keyof Options]

const count = (least: number, most: number): Range => ({ least: [least, least - 1], most: [most, most + 1] })
const noMost = (least: number): Range => ({
  least: [least, least - 1],
  // There is a most only because a larger number is none that counts exactly.
  most: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
})
const timer = (least: 0 | 1) => count(least, limits.timerMsMax)
const text = (most: number): Range => ({ least: undefined, most: ['x'.repeat(most), 'x'.repeat(most + 1)] })

const both = {
  concurrency: noMost(1),
  queuedBytesMax: noMost(0),
  maxBytes: count(limits.maxBytesMin, limits.bytesMax),
}

const ofAdapters: Record<Exclude<Measured<AdapterOptions>, 'contract'>, Range> = {
  ...both,
  authenticateTimeoutMs: timer(1),
  ttlMs: timer(0),
  keepaliveMs: timer(1),
  handOverMs: timer(0),
  helloTimeoutMs: timer(1),
  roundMs: count(1, limits.roundMsMax),
  roundGapMs: timer(1),
  sessionsMax: noMost(1),
  sessionsPerIdentityMax: noMost(1),
}

const ofClients: Record<Exclude<Measured<NodeConnectOptions>, 'contract'>, Range> & Record<'agent', Range> = {
  ...both,
  // Not a number of its own: a greeting may be as long as the header of a binary frame.
  auth: {
    least: undefined,
    most: ['x'.repeat(limits.headerBytesMax - 2), 'x'.repeat(limits.headerBytesMax - 1)],
  },
  agent: text(limits.agentCharsMax),
  connectTimeoutMs: timer(1),
  welcomeTimeoutMs: timer(1),
}

const ofWindows: Record<'messages' | 'bytes', Range> = {
  messages: count(1, limits.windowMessagesMax),
  bytes: count(limits.maxBytesMin, limits.bytesMax),
}

const ofClosing: Record<Measured<CloseOptions> | 'reason', Range> = {
  code: count(3000, 4999),
  reason: text(limits.reasonCharsMax),
  timeoutMs: { least: [0, -1], most: undefined },
}

const entries = (many: number) => Object.fromEntries(Array.from({ length: many }, (_, n) => [`k${n}`, 'v']))

const ofSending: Record<'id' | 'meta', Range> & Record<Measured<SendOptions>, Range> = {
  id: { least: ['x', ''], most: text(limits.idCharsMax).most },
  meta: {
    least: [{}, { '': 'v' }],
    most: [entries(limits.metaEntriesMax), entries(limits.metaEntriesMax + 1)],
  },
}

const ofBackoff: Record<Measured<BackoffOptions>, Range> = {
  minMs: { least: [0, -1], most: [10_000, 10_001] },
  maxMs: { least: [100, 99], most: undefined },
  attemptsMax: { least: [0, -1], most: undefined },
}

const ofPlainSockets: Record<Measured<CloseAfterPongOptions> | 'reason', Range> = {
  code: { least: [1000, 999], most: [4999, 5000] },
  reason: text(123),
  deadlineMs: { least: [1, 0], most: [limits.timerMsMax, limits.timerMsMax + 1] },
  closeMsMax: { least: [1, 0], most: [limits.timerMsMax, limits.timerMsMax + 1] },
}

function openly(options: NodeConnectOptions): void {
  const session = connect('ws://localhost:1/', {
    openLink: (url, made) => new ScriptedLink(url, made),
    ...options,
  })
  session.abort()
}

function inASession(call: (session: Session) => Promise<unknown>): void {
  const session = connect('ws://localhost:1/', { openLink: (url, made) => new ScriptedLink(url, made) })
  try {
    call(session).catch(() => {})
  } finally {
    session.abort()
  }
}

function closePlainly(options: CloseAfterPongOptions): void {
  const socket = new MemorySocket()
  void closeAfterPong(socket, options)
  socket.terminate()
}

const calls: Array<[what: string, ranges: Record<string, Range>, call: (options: object) => void]> = [
  ['createAdapter()', ofAdapters, (options) => createAdapter(options)],
  ['createAdapter(), window', ofWindows, (window) => createAdapter({ window })],
  ['connect()', ofClients, openly],
  ['connect(), window', ofWindows, (window) => openly({ window })],
  ['session.close()', ofClosing, (options) => inASession((session) => session.close(options))],
  ['session.send()', ofSending, (options) => inASession((session) => session.send('n', 1, options))],
  [
    'a name of a message',
    { name: { least: ['x', ''], most: text(limits.chCharsMax).most } },
    (options) => inASession((session) => session.send((options as { name: string }).name, 1)),
  ],
  ['backoff()', ofBackoff, (options) => backoff(options)],
  ['adapter.shutdown()', { deadlineMs: timer(0) }, (options) => void createAdapter().shutdown(options)],
  ['closeAfterPong()', ofPlainSockets, closePlainly],
]

const sides = calls.flatMap(([what, ranges, call]) =>
  Object.entries(ranges).flatMap(([option, { least, most }]) =>
    [least, most].flatMap((side) => (side === undefined ? [] : [{ what, option, side, call }])),
  ),
)

describe('each option is taken at its bound and refused one past it', () => {
  test.each(sides)('$what $option', ({ option, side: [taken, refused], call }) => {
    expect(() => call({ [option]: taken })).not.toThrow()
    expect(nameOfThrown(() => call({ [option]: refused }))).toMatch(/^(ArgumentError|RangeError)$/)
  })
})

function nameOfThrown(call: () => void): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as Error).name
  }
}
