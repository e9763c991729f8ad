import { expect, test } from 'vitest'
import { ArgumentError, backoff, connect, type NodeConnectOptions } from '../src/node.ts'

const address = 'ws://localhost:1/'
const circular: Record<string, unknown> = {}
circular.self = circular

const wrong: Array<[string, unknown]> = [
  ['options', null],
  ['options', 'ws'],
  ['contract', { contract: 'offer' }],
  ['concurrency', { concurrency: 0 }],
  ['concurrency', { concurrency: 1.5 }],
  ['queuedBytesMax', { queuedBytesMax: -1 }],
  ['onFull', { onFull: 'later' }],
  ['onSessionLost', { onSessionLost: true }],
  ['halfOpen', { halfOpen: 'yes' }],
  ['trace', { trace: {} }],
  ['early', { early: 1 }],
  ['auth', { auth: 1n }],
  ['auth', { auth: circular }],
  ['auth', { auth: 'x'.repeat(20_000) }],
  ['reconnect', { reconnect: { retries: 3 } }],
  ['reconnect', { reconnect: null }],
  ['connectTimeoutMs', { connectTimeoutMs: 0 }],
  ['welcomeTimeoutMs', { welcomeTimeoutMs: 'soon' }],
  ['window', { window: 5 }],
  ['window.messages', { window: { messages: 0 } }],
  ['window.bytes', { window: { bytes: 10 } }],
  ['maxBytes', { maxBytes: 1024 }],
  ['agent', { agent: 'x'.repeat(129) }],
  ['agent', { agent: 5 }],
  ['signal', { signal: {} }],
  ['openLink', { openLink: 'tcp' }],
  ['tls', { tls: 'ca' }],
  ['headers', { headers: ['a: b'] }],
  ['origin', { origin: 5 }],
  ['"jornal"', { jornal: {} }],
  ['sessionId', { sessionId: 'abc' }],
]

test.each(wrong)('connect() refuses a wrong %s', (name, options) => {
  expect(() => connect(address, options as NodeConnectOptions)).toThrowError(ArgumentError)
  try {
    void connect(address, options as NodeConnectOptions)
  } catch (error) {
    expect((error as ArgumentError).message).toContain(name)
    expect((error as ArgumentError).remedy).toBeTruthy()
  }
})

test.each(['', 'localhost', 'ftp://server.example/', 'nonsense?token=hunter2', '//user:hunter2@x y/'])(
  'connect() refuses the address %j, and does not repeat its secrets',
  (url) => {
    expect(() => connect(url)).toThrowError(ArgumentError)
    try {
      connect(url)
    } catch (error) {
      expect((error as Error).message + (error as ArgumentError).remedy).not.toContain('hunter2')
    }
  },
)

test.each([
  { minMs: -1 },
  { minMs: 10, maxMs: 5 },
  { maxMs: Number.NaN },
  { attemptsMax: -1 },
  { attemptsMax: Number.NaN },
  { random: 0.5 as never },
])('backoff() refuses %j', (options) => {
  expect(() => backoff(options)).toThrowError(ArgumentError)
})
